"""Check an operator's own file: what would be refused, and what would be found in it."""
