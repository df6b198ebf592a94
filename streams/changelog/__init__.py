"""The state of the partitions, replicated to a changelog topic and restored from it."""
