"""The records that go in and come out."""
