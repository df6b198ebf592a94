"""Hold a partition until an operator decides, and record the decision."""
