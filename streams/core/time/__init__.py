"""Intervals, window kinds, local clocks and timers."""
