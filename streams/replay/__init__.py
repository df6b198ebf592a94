"""Replay: measurements from files through the deployed pipeline, and what it found."""
