"""Bring measured values to reference conditions (F1 to F6)."""
