"""Assess the quality of readings, and reject those that cannot count."""
