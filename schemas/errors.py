"""Define the failures of decoding and of the schema registry, each with a sentence."""

from __future__ import annotations


class Undecodable(ValueError):  # noqa: N818 - named after the reason code it stands for
    """The bytes are no message: wrong framing, truncated, malformed, or with trailing bytes."""


class UnknownSchema(LookupError):  # noqa: N818 - named after the reason code it stands for
    """The schema id is unknown, or its schema is no record of this pipeline."""


class SchemaRegistryError(RuntimeError):
    """The schema registry did not answer, or refused.

    It says nothing about a message: decoding waits and retries, so that an outage of the registry
    never turns good messages into dead letters.
    """


class SchemaNotYetKnown(SchemaRegistryError):  # noqa: N818 - a state, which passes
    """A node of the registry does not know an id that another may know: retry soon."""
