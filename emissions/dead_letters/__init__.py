"""Dead letters: read, search, recheck with today's code and registry, and resend them."""
