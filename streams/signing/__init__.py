"""Ed25519 keys: made, kept in files, and used to sign and verify."""
