"""Registered sources over time, and the plans by which their readings are judged."""
