"""Verify a bundle on a bare machine: its bytes, its proofs, and the judging once more."""
