"""Evidence that verifies itself."""
