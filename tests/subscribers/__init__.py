"""Clients that know only the contract (docs/reference/subscribing.md), killed and started again."""
