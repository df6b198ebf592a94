"""An enterprise as the record of the registry topic, and back."""

from __future__ import annotations

from typing import Any

import msgspec

from streams.core.registration import Enterprise
from streams.registry.enterprise import check_enterprise
from streams.registry.errors import Problem, RegistryError
from streams.registry.typed import convert

RECORD = "EnterpriseRegistration"


def enterprise_to_record(enterprise: Enterprise) -> dict[str, Any]:
    """The fields of an ``EnterpriseRegistration``; what has its default may be left out."""
    record: dict[str, Any] = msgspec.to_builtins(enterprise)
    return record


def enterprise_from_record(record: dict[str, Any]) -> Enterprise:
    """The enterprise of a decoded record, checked like one from a file.

    Raises RegistryError with the path inside the record and what is wrong there: anybody who may
    write to the topic can write anything. What an earlier version let through and nothing is
    judged by passes.
    """
    try:
        enterprise = convert(record, Enterprise)
        check_enterprise(enterprise, earlier=True)
    except Problem as problem:
        raise RegistryError(f"registration {problem}") from None
    return enterprise
