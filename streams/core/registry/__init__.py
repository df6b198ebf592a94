"""The enterprises, sources, channels and limits of a registration."""
