"""Foresee what an operator can still avert: windows, silences, terms."""
