"""Feeds of changes (Atom, RFC 4287): of the nation, of a region, of an enterprise."""
