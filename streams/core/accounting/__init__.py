"""Values put in place of missing ones, for accounts of mass; never evidence."""
