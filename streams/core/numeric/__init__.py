"""Exact sums and double-double arithmetic."""
