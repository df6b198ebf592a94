"""A second, independent calculation of the specification: slow, obvious, in one piece.

It reads a registry and an input file, keeps every accepted reading in memory and computes the
final means, gaps, violations and dead letters with exact fractions. It shares no code with the
product, so that a comparison of the two means something.
"""
