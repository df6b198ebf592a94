"""Reads the figures of fines of a country, ``payment.yaml`` beside its rules."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Final

import msgspec
import yaml

from streams.core.law.payment import PaymentTable
from streams.rules.country import home, load_country
from streams.rules.errors import RuleError, reason_of
from streams.rules.folder import rule_folder

PAYMENT: Final = "payment.yaml"
"""Name of the file in a directory of rules."""

NO_FIGURES: Final = PaymentTable("", {}, (), (), (), {}, Decimal(0), ())
"""Of a country whose fines are not known: nothing has an estimate."""


def load_payment(directory: str | Path | None = None) -> PaymentTable:
    """Return the figures in a directory of rules or in a packaged set.

    Where it has none, those of Kazakhstan for rules of Kazakhstan, and `NO_FIGURES` for others.
    Raises RuleError with one sentence for a file that cannot be used.
    """
    path = rule_folder(directory) / PAYMENT
    if path.is_file():
        return _read(path)
    return _packaged() if load_country(directory) == home() else NO_FIGURES


@cache
def _packaged() -> PaymentTable:
    return _read(rule_folder() / PAYMENT)


def parse_payment(name: str, text: str) -> PaymentTable:
    """Parse the figures of fines; raises RuleError with the name of their file."""
    try:
        return msgspec.convert(yaml.safe_load(text), PaymentTable)
    except (yaml.YAMLError, msgspec.ValidationError, ValueError) as error:
        raise RuleError(f"{name}: {reason_of(error)}") from None


def _read(file: Path) -> PaymentTable:
    try:
        return parse_payment(file.name, file.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        raise RuleError(f"{file.name}: the file is not UTF-8") from None
