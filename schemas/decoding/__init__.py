"""Decode readings: one message, or a whole batch into columns."""
