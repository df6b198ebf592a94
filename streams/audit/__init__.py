"""Proves what delivery promises (specification 10): nothing lost, nothing twice, all provable."""
