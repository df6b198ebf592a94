"""Encode records with functions that are compiled from their schemas."""
