"""Access rights at the broker: as commands, as rows, and applied."""
