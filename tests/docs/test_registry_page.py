"""The registry that getting-started shows is one, and has every key that there is."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from streams.core.registry import enterprise as parts
from streams.registry.document import load_registry
from streams.registry.errors import RegistryError

PAGE = (Path(__file__).parents[2] / "docs" / "getting-started" / "the-registry.md").read_text(
    "utf-8"
)
(SHOWN,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


def test_registry_of_the_page_is_accepted(tmp_path: Path) -> None:
    (path := tmp_path / "registry.yaml").write_text(SHOWN, "utf-8")
    assert [each.bin for each in load_registry(path)] == ["990140001233", "990140001332"]


def test_registry_of_the_page_has_every_key() -> None:
    shown = set(re.findall(r"(\w+):", SHOWN))
    structs = [each for each in vars(parts).values() if isinstance(each, type)]
    kinds = [each for each in structs if issubclass(each, msgspec.Struct)]
    keys = {field.encode_name for kind in kinds for field in msgspec.structs.fields(kind)}
    assert not keys - shown


def test_mistake_of_the_page_is_told_as_it_says(tmp_path: Path) -> None:
    (told,) = re.findall(r"^registry\.yaml: (line \d+, .*)$", PAGE, re.MULTILINE)
    wrong = SHOWN.replace("parameter: SO2\n            value", "parameter: SO3\n            value")
    (path := tmp_path / "registry.yaml").write_text(wrong, "utf-8")
    with pytest.raises(RegistryError, match="no channel of the source measures 'SO3'") as error:
        load_registry(path)
    assert told == str(error.value).removeprefix(f"{path}: ")
