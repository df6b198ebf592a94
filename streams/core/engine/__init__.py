"""Process the batches of a partition: admit readings, advance time, close windows."""
