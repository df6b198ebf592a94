"""Recompute the evidence of violations."""
