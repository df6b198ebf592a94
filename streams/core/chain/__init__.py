"""The signed chain of a station: who sent a source's readings, in which order, and none lacks."""
