"""Detect the silences of sources and channels."""
