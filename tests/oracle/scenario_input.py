"""Random input for a registry: silence, stops, late hours, wrong clocks, absurd values."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from random import Random
from typing import Any

Entry = dict[str, Any]
Span = tuple[int, int]

SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
ROWS = 500
LONG = (1200 * SECOND, 1800 * SECOND)
ABSURD = (
    "NaN",
    "inf",
    "-inf",
    "1e34",
    "-1e34",
    "-0.0",
    "0",
    "-60",
    "-60.1",
    "-0.5",
    "-0.8",
    "1e-300",
)
ENDLESS = ("1.7e308", "-1.7e308", "1e300", "5e-324", "-3", "NaN")
EDGES = {
    "O2": ("20", "19.999", "21", "25", "-0.5", "-0.51", "25.1"),
    "H2O": ("100", "99.999", "40", "-0.8", "0", "-2"),
    "TEMPERATURE": ("-273.15", "-300", "0", "-40", "1300"),
    "PRESSURE": ("0", "60", "1150", "-1", "-9.99", "-98.6", "10", "-101.325"),
    "ALPHA": ("1", "0.999", "21", "20.999", "20", "0", "-0.5", "1.0000001"),
}
BELIEVABLE = {
    ("O2", "%"): 7.4,
    ("ALPHA", "1"): 1.54,
    ("H2O", "%"): 9.8,
    ("H2O", "mg/m3"): 73000,
    ("PRESSURE", "kPa"): 98.6,
    ("PRESSURE", "hPa"): 986,
    ("PRESSURE", "mbar"): 986,
    ("PRESSURE", "Pa"): 98600,
    ("BAROMETRIC_PRESSURE", "kPa"): 100.1,
    ("BAROMETRIC_PRESSURE", "hPa"): 1001,
    ("VELOCITY", "m/s"): 18.4,
    ("FLOW", "m3/s"): 520,
    ("FLOW", "m3/h"): 520 * 3600,
    ("FLOW", "Nm3/s"): 310,
    ("FLOW", "Nm3/h"): 310 * 3600,
}
STATES = ("STARTUP", "SHUTDOWN", "STOPPED", "EMERGENCY")


def rows(rng: Random, entry: Entry, begin: int) -> list[Entry]:
    """The rows of one source, from a time on, as cells by column."""
    cadence = entry["cadence_s"] * SECOND
    count = rng.choice([ROWS // 4, ROWS // 2, ROWS])
    begin -= begin % cadence
    end = begin + min(count * cadence, rng.choice([5, 5, 12]) * 24 * HOUR)
    offset = rng.choice([0, 0, 0, 0, rng.randrange(cadence), rng.randrange(cadence // 1000) * 1000])
    jitter = cadence - 1 if rng.random() < 0.1 else 0
    steady = cadence in LONG and rng.random() < 0.6  # a run of days
    if steady:
        end = begin + ROWS * cadence
    calm = steady and rng.random() < 0.7
    silent = [] if calm else spans(rng, begin, end, 3)
    states = [(*span, rng.choice(STATES)) for span in ([] if calm else spans(rng, begin, end, 2))]
    late = [
        (*span, rng.choice(["3h", "30h", "72h", "grace", "72h" if calm else "over"]))
        for span in spans(rng, begin, end, 2)
    ]
    if not calm and rng.random() < 0.2:
        outage = (begin + 3 * HOUR, begin + rng.choice([27, 27, 28, 60]) * HOUR)
        middle = outage[0] + rng.choice([0, 1, 1, 2, 20]) * HOUR
        silent.append((middle, outage[1]))
        late.append((outage[0], middle, rng.choice(["30h", "72h", "3h"])))
    block = begin + rng.choice([2, 12, 30, 60]) * HOUR if rng.random() < 0.2 else 0
    cells = {
        channel["parameter"]: Cells(rng, entry, channel, (begin, end), steady=steady)
        for channel in entry["channels"]
    }
    serials = rng.choice([["SN-1"], ["SN-1"] * 30 + ["SN-2", "SN-9", ""]])
    delay = rng.choice([2 * SECOND, 2 * SECOND, 0, 61 * SECOND])
    written: list[Entry] = []
    for index in range((end - begin) // cadence):
        start = begin + index * cadence + (rng.randrange(jitter) if jitter else offset)
        if inside(silent, start):
            continue
        row: Entry = {"source_id": entry["id"], "period_s": entry["cadence_s"], "_start": start}
        row["state"] = next((s for a, b, s in states if a <= start < b), rng.choice(["NORMAL", ""]))
        row["device_serial"] = rng.choice(serials)
        row["_arrival"] = start + cadence + delay
        for a, b, how in late:
            if a <= start < b:
                row["_arrival"] = _late(how, start + cadence, b)
        row["_arrival"] = max(row["_arrival"], block)  # what was kept is sent in one piece
        for parameter, channel in cells.items():
            channel.write(rng, row, parameter, start, index)
        if rng.random() < 0.01:
            row[rng.choice(["SO2", "VOC", "FLOW"])] = "1"  # perhaps of no channel of the source
        if rng.random() < 0.005:
            row["_arrival"] = start + cadence + rng.choice([-5 * MINUTE, -5 * MINUTE - 1])
        if rng.random() < 0.02:
            row["_arrival"] = None
        if rng.random() < 0.0003:
            row["_arrival"] = rng.choice([0, 1234567890123, start + 900 * 24 * HOUR])
        written.append(row)
    return written + spoilt(rng, written)


def columns(written: list[Entry], channels: set[str]) -> list[str]:
    """The parameters of some channel; what no channel of the registry measures is taken out."""
    for row in written:
        for name in [name for name in row if name.isupper() and name not in channels]:
            del row[name]
    return sorted(channels)


def spans(rng: Random, begin: int, end: int, most: int) -> list[Span]:
    """Some stretches of time, often of lengths at which a threshold lies."""
    found = []
    for _ in range(rng.randrange(most + 1)):
        start = begin + rng.randrange(max(1, (end - begin) // (5 * MINUTE))) * 5 * MINUTE
        length = rng.choice([5, 10, 15, 20, 20, 21, 25, 30, 40, 60, 61, 65, 90, 180, 181, 400])
        found.append((start, start + length * MINUTE))
    return found


def inside(stretches: list[Span], time: int) -> bool:
    """A time lies in one of the stretches."""
    return any(start <= time < end for start, end in stretches)


def _late(how: str, end: int, span_end: int) -> int:
    if how == "over":
        return end + 72 * HOUR + (1 if end // MINUTE % 2 else 0)
    return {
        "3h": span_end + 3 * HOUR,
        "30h": end + 30 * HOUR,
        "72h": end + 72 * HOUR,
        "grace": end - end % (30 * MINUTE) + 35 * MINUTE,
    }[how]


class Cells:
    """What one channel sends: levels around its limit, absences, flags, absurd values."""

    def __init__(
        self, rng: Random, entry: Entry, channel: Entry, span: Span, *, steady: bool
    ) -> None:
        begin, end = span
        self.channel = channel
        self.absent = (
            spans(rng, begin, end, 2)
            if rng.random() < 0.7
            else [(begin, end)] * rng.choice([0, 0, 0, 0, 1])
        )
        self.flags = [(*span, rng.choice("FMSDCTB")) for span in spans(rng, begin, end, 2)]
        judged = channel.get("reports", channel["parameter"])
        unit = "g/s" if channel["unit"] == "g/s" else "mg/m3"
        limits = [x for x in entry.get("limits", ()) if x["parameter"] == judged]
        limits.sort(key=lambda limit: limit["unit"] != unit)
        self.limit = limits[0]["value"] if limits and limits[0]["unit"] != "t/a" else 300
        self.high = spans(rng, begin, end, 3) + spans(rng, begin, end, 6)
        if rng.random() < 0.35:
            self.high = [(begin, end)]
        self.constant = rng.choice([None, None, None, 1, 2, 1.5])
        self.nasty = rng.choice([0, 0, 0.002, 0.02])
        if steady:
            self.absent, self.flags, self.high, self.nasty = [], [], [span], 0
            self.constant = rng.choice([2, 3, 4, 4])

    def write(self, rng: Random, row: Entry, parameter: str, start: int, index: int) -> None:
        """The cells of this channel in a row."""
        if inside(self.absent, start):
            if rng.random() < 0.02:
                row[f"{parameter}.flag"] = "D"
            return
        flag = next((f for a, b, f in self.flags if a <= start < b), "")
        row[f"{parameter}.flag"] = flag or rng.choice(["", "", "", "N"])
        row[parameter] = self.value(rng, parameter, start, index)
        if rng.random() < self.nasty:
            row[parameter] = rng.choice(ABSURD + EDGES.get(parameter, ()))
            if "range" not in self.channel:
                row[parameter] = rng.choice(ENDLESS)

    def value(self, rng: Random, parameter: str, start: int, index: int) -> str:
        """A believable value of a channel, in its unit."""
        wave = 1 + 0.05 * ((index * 7) % 13 - 6) / 6
        unit = self.channel["unit"]
        if parameter == "TEMPERATURE":
            return f"{140 * wave + (273.15 if unit == 'K' else 0):.2f}"
        if (parameter, unit) in BELIEVABLE:
            usual = -2.7 if self.channel.get("gauge") else BELIEVABLE[parameter, unit]
            return f"{usual * wave:.3f}"
        if self.constant is not None:
            return f"{self.limit * self.constant:g}"
        level = 2 * self.limit if inside(self.high, start) else 0.7 * self.limit
        if inside(self.high, start) and rng.random() < 0.5:
            return f"{level:g}"
        return f"{level * rng.uniform(0.9, 1.4):.6g}"


def spoilt(rng: Random, good: list[Entry]) -> list[Entry]:
    """Rows that repeat, contradict or cannot be true."""
    bad: list[Entry] = []
    for row in rng.sample(good, min(len(good), rng.choice([0, 2, 12]))):
        twin = dict(row)
        kind = rng.randrange(12)
        if kind < 4:
            if row["_arrival"] is not None:
                twin["_arrival"] = (
                    row["_arrival"]
                    + rng.choice([-2, 0, 1, 90, 7 * 3600, 71 * 3600, 73 * 3600]) * SECOND
                )
        elif kind == 4:
            twin["_start"] += rng.choice([1, 1000, -1])
        elif kind == 5:
            twin["period_s"] = rng.choice([60, 1, 3600, 7])
        elif kind == 6:
            twin["_start"] = rng.choice([0, 4954262400000, 946684800000])
            twin["_arrival"] = rng.choice([row["_arrival"], None])
        elif kind == 7:
            twin["source_id"] = "NOBODY"
        elif kind == 8:
            twin["state"] = "STOPPED"
        elif kind > 9:  # another voice, before or after
            names = [name for name in row if name.isupper() and name not in EDGES]
            for name in names:
                twin[name] = f"{rng.choice([0.1, 0.5, 3])}"
            if row["_arrival"] is not None:
                twin["_arrival"] += rng.choice([-1, 0, 60, 6 * 3600, 70 * 3600]) * SECOND
        else:
            names = [name for name in row if name.isupper() and name in row]
            if names:
                twin[rng.choice(names)] = rng.choice(["NaN", "-0.0", "0.0", "12.5"])
        bad.append(twin)
    return bad


def table(rng: Random, written: list[Entry], parameters: list[str]) -> str:
    """The CSV text, in a random order of lines and of offsets."""
    if rng.random() < 0.5:
        rng.shuffle(written)
    else:
        written.sort(key=lambda row: row["_arrival"] or row["_start"])
    columns = ["source_id", "measured_at", "period_s", "arrived_at", "state", "device_serial"]
    columns += parameters + [f"{parameter}.flag" for parameter in parameters]
    lines = [",".join(columns)]
    for row in written:
        row["measured_at"] = written_time(rng, row["_start"])
        row["arrived_at"] = "" if row["_arrival"] is None else written_time(rng, row["_arrival"])
        lines.append(",".join(str(row.get(column, "")) for column in columns))
    return "\n".join(lines) + "\n"


def written_time(rng: Random, time: int) -> str:
    """ISO 8601 with one offset or another."""
    zone = timezone(timedelta(minutes=rng.choice([300, 300, 360, 0, -210])))
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=time)
    text = moment.astimezone(zone).isoformat(timespec="milliseconds" if time % 1000 else "seconds")
    return text.replace("+00:00", "Z") if rng.random() < 0.5 else text
