"""Administrative cases: episodes of violations, with their state, mass, money and dates."""
