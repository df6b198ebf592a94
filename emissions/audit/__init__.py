"""Prove the guarantees of delivery (specification 10): nothing lost, doubled or unprovable."""
