"""A simulated nation of emission sources, its defects, and how found compares with the truth."""
