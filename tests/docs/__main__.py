"""``python -m tests.docs``: write every page of docs/reference, dashboards and rules, anew."""

from __future__ import annotations

import tempfile
from pathlib import Path

from deploy.embedded.clickhouse import EmbeddedClickHouse
from tests.docs.dashboards import FOLDER, dashboards
from tests.docs.pages import PAGES, REFERENCE, VIEWS
from tests.docs.prometheus_rule import RULES, prometheus_rule
from tests.docs.views_page import views_page
from tests.support.clickhouse import TestClickHouse


def main() -> None:
    """Write the pages, and name those that changed."""
    written = {name: write() for name, write in PAGES.items()}
    with tempfile.TemporaryDirectory() as folder, EmbeddedClickHouse(Path(folder)) as server:
        database = TestClickHouse(server)
        written[VIEWS] = views_page(database.client)
        database.close()
    REFERENCE.mkdir(parents=True, exist_ok=True)
    for name, text in written.items():
        path = REFERENCE / name
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")
            print(f"wrote docs/reference/{name}")
    for name, text in dashboards().items():
        path = FOLDER / name
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")
            print(f"wrote deploy/grafana/{name}")
    if not RULES.exists() or RULES.read_text("utf-8") != prometheus_rule():
        RULES.write_text(prometheus_rule(), "utf-8")
        print("wrote deploy/kubernetes/monitoring/rules.yaml")


if __name__ == "__main__":
    main()
