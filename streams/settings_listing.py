"""Every setting with its variable, type, value, default and meaning, also where some are wrong."""

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
from streams.settings import PREFIX, Settings, SettingsError, parsed, unknown

_TYPES: Final[dict[object, str]] = {
    str: "text",
    str | None: "text or none",
    int: "whole number",
    float: "number",
    bool: "true or false",
}
_MASK: Final = "***"


@dataclass(frozen=True)
class Listed:
    """One variable as it is shown: secrets are masked, ``wrong`` says why it cannot be used."""

    variable: str
    type: str
    value: object
    default: object
    given: bool  # by the environment
    meaning: str
    wrong: str | None = None


@functools.cache
def meanings() -> Mapping[str, str]:
    """What each field means: the comment behind it in the source of `Settings`."""
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


def listing(env: Mapping[str, str]) -> list[Listed]:
    """Every setting in the order of the program, then variables that are none."""
    wrong = _wrong(env)
    found = [_listed(part, env, wrong) for part in dataclasses.fields(Settings)]
    known = {each.variable for each in found}
    for variable in sorted(env):
        if variable in known or not variable.startswith(PREFIX):
            continue
        service = made_for_a_service(variable.removeprefix(PREFIX), env[variable])
        why = None if service else unknown(variable)
        meaning = "of a Service of Kubernetes; not read" if service else ""
        value = _shown(variable, env[variable]) if service else _MASK
        found.append(Listed(variable, "", value, None, True, meaning, why))
    return found


def _listed(
    part: dataclasses.Field[object], env: Mapping[str, str], wrong: Mapping[str, str]
) -> Listed:
    variable = PREFIX + part.name.upper()
    hint = get_type_hints(Settings)[part.name]
    text = _given(env).get(variable)
    value: object = part.default
    if text is not None:
        try:
            value = parsed(variable, text, hint)
        except SettingsError:
            value = text
    return Listed(
        variable,
        _TYPES.get(hint, str(hint)),
        _shown(variable, value),
        _shown(variable, part.default),
        text is not None,
        meanings().get(part.name, ""),
        wrong.get(variable),
    )


def _given(env: Mapping[str, str]) -> dict[str, str]:
    """The variables that are read as settings."""
    return {
        variable: text
        for variable, text in env.items()
        if variable.startswith(PREFIX)
        and not made_for_a_service(variable.removeprefix(PREFIX), text)
    }


def _wrong(env: Mapping[str, str]) -> dict[str, str]:
    """Why variables cannot be used, each by its own sentence."""
    names = {PREFIX + part.name.upper() for part in dataclasses.fields(Settings)}
    left = {variable: text for variable, text in _given(env).items() if variable in names}
    wrong: dict[str, str] = {}
    while True:
        try:
            Settings.from_env(left)
        except SettingsError as error:
            named = [name for name in re.findall(rf"{PREFIX}[A-Z_]+", str(error)) if name in left]
            # A sentence names its variables; of topics it may name the beginning alone.
            blamed = named or [name for name in left if name.startswith(f"{PREFIX}TOPIC_")]
            for name in blamed:
                wrong[name] = str(error)
                del left[name]
            if not blamed:
                return wrong
        else:
            return wrong


def _shown(variable: str, value: object) -> object:
    """A value without what nobody may see."""
    if variable.endswith("_PASSWORD"):
        return _MASK if value else value
    if isinstance(value, str):
        return re.sub(r"[^/\s,]*@", f"{_MASK}@", value)
    return value
