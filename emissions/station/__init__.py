"""The station kit: readings on disk, signed, sent, and sent again after an outage."""
