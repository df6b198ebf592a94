"""The pure core: from a reading to what is published of it; no I/O, clock or logging."""
