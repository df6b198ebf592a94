"""Keep the processes of a local stack running: what to restart, and when."""
