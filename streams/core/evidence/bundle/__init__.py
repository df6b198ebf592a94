"""The file that holds a case with everything that it was decided from, and how it is checked."""
