"""Simulate a nation of emission sources with defects, and compare findings with the truth."""
