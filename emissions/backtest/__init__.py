"""Judge a recorded stream by a draft of the rules beside those in force: what would change."""
