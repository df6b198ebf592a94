"""List every setting with type, value, default and meaning, also where some are invalid."""

from __future__ import annotations

import ast
import dataclasses
import functools
import inspect
import io
import re
import textwrap
import tokenize
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, get_type_hints

from streams.service_variables import made_for_a_service
from streams.settings import (
    PREFIX,
    Settings,
    SettingsError,
    is_secret,
    masked_address,
    named_twice,
    parsed,
    present_name,
    unknown,
)

_TYPES: Final[dict[object, str]] = {
    str: "text",
    str | None: "text or none",
    int: "whole number",
    float: "number",
    bool: "true or false",
}
_MASK: Final = "***"


@dataclass(frozen=True)
class ListedSetting:
    """One variable as shown: secrets are masked, ``wrong`` says why it is invalid."""

    variable: str
    type: str
    value: object
    default: object
    given: bool  # by the environment
    meaning: str
    wrong: str | None = None

    @property
    def source(self) -> str:
        """Where its value comes from: environment or default."""
        return "environment" if self.given else "default"


@functools.cache
def meanings() -> Mapping[str, str]:
    """Return the meaning of each field: the comment behind it in the source of `Settings`."""
    source = textwrap.dedent(inspect.getsource(Settings))
    comments = {
        token.end[0]: token.string.lstrip("# ")
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
    }
    (body,) = ast.parse(source).body
    assert isinstance(body, ast.ClassDef)  # noqa: S101 - it is one
    return {
        part.target.id: comments[part.end_lineno or 0]
        for part in body.body
        if isinstance(part, ast.AnnAssign)
        and isinstance(part.target, ast.Name)
        and (part.end_lineno or 0) in comments
    }


def listing(env: Mapping[str, str]) -> list[ListedSetting]:
    """List every setting in the order of `Settings`, then earlier names and unknown variables."""
    given = _given(env)
    today = {present_name(variable): text for variable, text in given.items()} | given
    wrong = _wrong(today)
    found = [_listed(part, today, wrong) for part in dataclasses.fields(Settings)]
    known = {each.variable for each in found}
    for variable in sorted(env):
        if variable in known or not variable.startswith(PREFIX):
            continue
        service = made_for_a_service(variable.removeprefix(PREFIX), env[variable])
        now = present_name(variable)
        if now in known and not service:
            twice = named_twice(variable) if now in env else None
            value, meaning = _shown(variable, env[variable]), f"earlier name of {now}"
            found.append(ListedSetting(variable, "", value, None, True, meaning, twice))
            continue
        why = None if service else unknown(variable)
        meaning = "set by Kubernetes for a Service; ignored" if service else ""
        value = _shown(variable, env[variable]) if service else _MASK
        found.append(ListedSetting(variable, "", value, None, True, meaning, why))
    return found


def _listed(
    part: dataclasses.Field[object], env: Mapping[str, str], wrong: Mapping[str, str]
) -> ListedSetting:
    variable = PREFIX + part.name.upper()
    hint = get_type_hints(Settings)[part.name]
    text = _given(env).get(variable)
    value: object = part.default
    if text is not None:
        try:
            value = parsed(variable, text, hint)
        except SettingsError:
            value = text
    return ListedSetting(
        variable,
        _TYPES.get(hint, str(hint)),
        _shown(variable, value),
        _shown(variable, part.default),
        text is not None,
        meanings().get(part.name, ""),
        wrong.get(variable),
    )


def _given(env: Mapping[str, str]) -> dict[str, str]:
    """Select the variables that are read as settings."""
    return {
        variable: text
        for variable, text in env.items()
        if variable.startswith(PREFIX)
        and not made_for_a_service(variable.removeprefix(PREFIX), text)
    }


def _wrong(env: Mapping[str, str]) -> dict[str, str]:
    """Return why each invalid variable is invalid."""
    names = {PREFIX + part.name.upper() for part in dataclasses.fields(Settings)}
    left = {variable: text for variable, text in _given(env).items() if variable in names}
    wrong: dict[str, str] = {}
    while True:
        try:
            Settings.from_env(left)
        except SettingsError as error:
            named = [name for name in re.findall(rf"{PREFIX}[A-Z_]+", str(error)) if name in left]
            # A sentence names its variables, for topics perhaps only their prefix.
            blamed = named or [name for name in left if name.startswith(f"{PREFIX}TOPIC_")]
            for name in blamed:
                wrong[name] = str(error)
                del left[name]
            if not blamed:
                return wrong
        else:
            return wrong


def _shown(variable: str, value: object) -> object:
    """Mask secrets in a value."""
    if is_secret(variable):
        return _MASK if value else value
    if isinstance(value, str):
        return masked_address(value)
    return value
