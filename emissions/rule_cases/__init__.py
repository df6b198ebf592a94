"""Cases of rules in words that a lawyer follows: written beside a rule, judged by the core."""
