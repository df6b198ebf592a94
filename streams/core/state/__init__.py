"""The keyed state of a source and its encoding."""
