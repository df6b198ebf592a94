"""Corrections of aiokafka, each with the fault it mends."""
