"""An enterprise as the record of the registry topic, and back."""

from __future__ import annotations

from typing import Any

import msgspec

from streams.core.law.country import Country
from streams.core.registry.enterprise import Enterprise
from streams.registry.enterprise import check_enterprise
from streams.registry.errors import Problem, RegistryError
from streams.registry.typed import convert
from streams.rules.country import home

RECORD = "EnterpriseRegistration"


def enterprise_to_record(enterprise: Enterprise) -> dict[str, Any]:
    """Return the fields of an ``EnterpriseRegistration``, without those at their default."""
    record: dict[str, Any] = msgspec.to_builtins(enterprise)
    return record


def enterprise_from_record(record: dict[str, Any], country: Country | None = None) -> Enterprise:
    """Build the enterprise of a decoded record, checked like one from a file.

    Raises RegistryError with the path inside the record and what is wrong there: anybody who may
    write to the topic can write anything. What an earlier version let through and nothing is
    judged by passes.
    """
    try:
        enterprise = convert(record, Enterprise)
        check_enterprise(enterprise, country or home(), earlier=True)
    except Problem as problem:
        raise RegistryError(f"registration {problem}") from None
    return enterprise
