"""The running worker: tasks of partitions, checkpoints and outputs."""
