"""What can go wrong with a message or with the schema registry, each with a sentence."""

from __future__ import annotations


class Undecodable(ValueError):  # noqa: N818 - named after the reason code it stands for
    """The bytes are no message: wrong framing, truncated, malformed, or with something behind."""


class UnknownSchema(LookupError):  # noqa: N818 - named after the reason code it stands for
    """The bytes name a schema that nobody knows, or one that this pipeline has no record for."""


class SchemaRegistryError(RuntimeError):
    """The schema registry could not be asked, or it refused.

    Says nothing about a message: whoever decodes waits and asks again, so that an outage of the
    registry never turns good messages into dead letters.
    """


class SchemaNotYetKnown(SchemaRegistryError):  # noqa: N818 - a state, which passes
    """A node of the registry does not know an id, and another may: to be asked again soon."""
