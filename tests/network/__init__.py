"""Hosts of their own: workers whose servers are across a network that can be cut."""
