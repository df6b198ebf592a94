"""Replay: readings from files through the deployed pipeline, and the results."""
