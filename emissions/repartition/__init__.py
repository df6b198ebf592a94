"""Copy the log of readings to a topic with another number of partitions."""
