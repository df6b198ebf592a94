"""Explain what was published: computed again from what is stored, as a tree of nodes."""
