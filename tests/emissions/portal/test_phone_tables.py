"""Labels of cells: the head of the column, whatever the head and the cells hold."""

from __future__ import annotations

import re

from emissions.portal.phone_tables import with_labels

TABLE = (
    '<table><caption>All</caption><thead><tr><th scope="col">№</th>'
    '<th scope="col">Name of <abbr title="a &gt; b">it</abbr></th>'
    '<th scope="col" class="n">Say "x" &lt;\n  now</th></tr></thead>'
    '<tbody><tr id="r"><td>1</td><th scope="row"><a href="/x">A</a></th><td class="n">2</td></tr>'
    '<tr><td>2</td><th scope="row">B</th><td></td></tr></tbody></table>'
)


def test_cells_say_the_head_of_their_column() -> None:
    labels = re.findall(r'data-label="([^"]*)"', with_labels(TABLE))
    assert labels == ["№", "Say &#34;x&#34; &lt; now"] * 2


def test_roles_keep_what_rows_and_heads_are() -> None:
    found = with_labels(TABLE)
    roles = {name: found.count(f'role="{name}"') for name in (
        "table", "rowgroup", "row", "columnheader", "rowheader", "cell")}  # fmt: skip
    assert roles == {
        "table": 1, "rowgroup": 2, "row": 3, "columnheader": 3, "rowheader": 2, "cell": 4
    }  # fmt: skip
    assert '<tr id="r" role="row"><td role="cell" data-label="№">1</td>' in found


def test_second_table_has_heads_of_its_own() -> None:
    second = TABLE.replace("№", "#")
    joined = with_labels(f"{TABLE}<p>x</p>{second}")
    assert str(joined) == f"{with_labels(TABLE)}<p>x</p>{with_labels(second)}"


def test_tables_with_a_class_and_other_html_stay() -> None:
    calendar = '<p>1 &lt; 2</p><table class="month"><thead><tr><th>Mo</th></tr></thead>'
    calendar += "<tbody><tr><td>1</td></tr></tbody></table>"
    assert with_labels(calendar) == calendar
    assert str(with_labels(calendar + TABLE)) == f"{calendar}{with_labels(TABLE)}"
