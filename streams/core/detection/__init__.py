"""Patterns in the data that an inspector should look at: one file a detector, none automatic."""
