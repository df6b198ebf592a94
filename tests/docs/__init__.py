"""Writes the pages of docs/reference from the code that they describe, and checks the others."""
