"""Keeps the last revision of every case in SQLite, and opens each case once."""

import asyncio
import json
import sqlite3
import sys
from io import BytesIO
from pathlib import Path

import fastavro
from aiokafka import AIOKafkaConsumer, ConsumerRecord


def schemas_of(folder: Path) -> dict[int, object]:
    """Read ids.json and the schemas that it names."""
    files = json.loads((folder / "ids.json").read_text("utf-8"))
    return {
        int(number): fastavro.parse_schema(json.loads((folder / name).read_text("utf-8")))
        for number, name in files.items()
    }


def apply(view: sqlite3.Connection, schemas: dict[int, object], record: ConsumerRecord) -> None:
    """Take a record over; one that was seen before, or an older revision, changes nothing."""
    if dict(record.headers).get("ce_type") != b"kz.emissions.case.v1":
        return
    number = int.from_bytes(record.value[1:5], "big")
    case = fastavro.schemaless_reader(BytesIO(record.value[5:]), schemas[number], None)
    row = (case["id"], case["revision"], case["state"])
    with view:  # one transaction: the view, and what happens once a case
        if case["state"] == "OPEN":
            view.execute("INSERT OR IGNORE INTO opened VALUES (?)", row[:1])
        view.execute(
            "INSERT INTO cases VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET "
            "revision = excluded.revision, state = excluded.state "
            "WHERE excluded.revision > revision",
            row,
        )


async def main(broker: str, topic: str, group: str, folder: Path, database: Path) -> None:
    """Follow the topic; acknowledge a record after the view has it."""
    schemas, view = schemas_of(folder), sqlite3.connect(database)
    view.execute("CREATE TABLE IF NOT EXISTS opened (id TEXT PRIMARY KEY)")
    view.execute("CREATE TABLE IF NOT EXISTS cases (id TEXT PRIMARY KEY, revision INT, state TEXT)")
    async with AIOKafkaConsumer(
        topic,
        bootstrap_servers=broker,
        group_id=group,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        isolation_level="read_committed",
    ) as consumer:
        async for record in consumer:
            apply(view, schemas, record)
            await consumer.commit()


if __name__ == "__main__":
    address, cases, name, schemas_folder, view_file = sys.argv[1:6]
    asyncio.run(main(address, cases, name, Path(schemas_folder), Path(view_file)))
