"""Accounts of mass."""
