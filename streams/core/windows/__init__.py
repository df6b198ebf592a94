"""Assign readings to windows and compute their sums and means."""
