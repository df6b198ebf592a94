"""Make a bundle: one file with a case and everything that it was decided from."""
