"""Where rule files come from: the package, or another directory of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from emissions.cli.support.workspace import run_settings
from streams.rules.errors import RuleError
from streams.rules.load import load_rules, parse_rules
from streams.settings import Settings
from tests.rules.test_rules import rule_text


def test_the_shipped_rules_have_their_version() -> None:
    """It stands in every result: a change of it is a change of the law that is judged by."""
    assert load_rules().version == "kz-25c9d38963b7"


def test_a_directory_of_rules_takes_the_place_of_the_packaged_ones(tmp_path: Path) -> None:
    (tmp_path / "draft").mkdir()
    (tmp_path / "draft" / "XX-1.yaml").write_text(rule_text(), encoding="utf-8")
    (tmp_path / "draft" / "XX-1.cases.yaml").write_text("rule: XX-1", encoding="utf-8")
    (tmp_path / "README.md").write_text("what we plan", encoding="utf-8")
    rules = load_rules(tmp_path)
    assert [rule.code for rule in rules.rules] == ["XX-1"]
    assert rules == parse_rules([("draft/XX-1.yaml", rule_text())])


def test_a_mistake_names_the_file_below_the_directory(tmp_path: Path) -> None:
    (tmp_path / "draft").mkdir()
    (tmp_path / "draft" / "XX-1.yaml").write_text("code: XX-1", encoding="utf-8")
    with pytest.raises(RuleError, match=r"^draft/XX-1\.yaml: Object missing required field"):
        load_rules(tmp_path)


def test_a_directory_without_rules_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RuleError, match="has no rule file"):
        load_rules(tmp_path)
    with pytest.raises(RuleError, match="is no directory of rule files"):
        load_rules(tmp_path / "nowhere")


def test_a_setting_names_the_directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert Settings.from_env({}).rules is None
    assert Settings.from_env({"EMISSIONS_RULES": "drafts"}).rules == "drafts"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EMISSIONS_RULES", "drafts")
    with pytest.raises(RuleError, match="drafts is no directory of rule files, and none of the"):
        run_settings(None, None)
    (tmp_path / "drafts").mkdir()
    settings = run_settings(None, None)  # of workers that run in another directory
    assert settings.as_env()["EMISSIONS_RULES"] == str(tmp_path / "drafts")


def test_the_same_number_written_otherwise_is_the_same_rule() -> None:
    versions = {
        parse_rules([("x.yaml", rule_text().replace("factor: 2", f"factor: {factor}"))]).version
        for factor in ("2", "2.0", "2.00")
    }
    assert len(versions) == 1


def test_a_factor_is_the_decimal_that_was_written() -> None:
    digits = "1.200000000000000000001"
    text = rule_text().replace("factor: 2", f"factor: {digits}")
    other = rule_text().replace("factor: 2", "factor: 1.2")
    (rule,) = parse_rules([("x.yaml", text)]).rules
    assert str(getattr(rule.condition, "factor")) == digits  # noqa: B009 - of one kind
    assert parse_rules([("x.yaml", text)]).version != parse_rules([("x.yaml", other)]).version


def test_a_rule_has_its_title_in_three_languages() -> None:
    with pytest.raises(RuleError, match=r"x\.yaml: titles lack kk, ru"):
        parse_rules([("x.yaml", rule_text().replace("ru: а, kk: ә, ", ""))])


def test_a_file_that_is_no_yaml_is_named_with_the_place(tmp_path: Path) -> None:
    (tmp_path / "XX-1.yaml").write_text("code: [\n")
    with pytest.raises(RuleError) as caught:
        load_rules(tmp_path)
    assert str(caught.value) == (
        "XX-1.yaml: line 2, column 1: expected the node content, but found '<stream end>', "
        "so it is no YAML"
    )
