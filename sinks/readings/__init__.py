"""Write the readings, which are most of the rows: decoded, assessed and encoded in columns."""
