"""What signatures cost: the judging of a load, signed or not, by processor time, in pairs.

``python -m tests.bench.signed [--load national|fast] [--pairs N] [--head N] [--quick]``. Both sides
of a pair judge the same readings in the same batches; the signed side's messages carry ``chain``
and ``sig`` of chains with a head for each ``--head`` readings (default 100), and the registry has
the key and asks for it. Prints the ratio of each pair and their median. What broker and network
carry for the headers is not in it.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import time
from base64 import b64encode
from collections.abc import Sequence

import msgspec

from schemas.codec import Codec
from schemas.ids import FileIds
from schemas.reading import Reading
from streams.core.chain.head import key_id_of
from streams.core.chain.writer import ChainEnd, Headers, sign_messages
from streams.core.engine.partition import PartitionProcessor
from streams.core.law.policy import SIGNATURES_REQUIRE, Policy
from streams.core.quality.authenticity import Signatures
from streams.core.records.record import RawRecord
from streams.core.registry.enterprise import Enterprise, StationKey
from streams.core.sources.history import RegistryHistory
from streams.rules.load import load_rules
from streams.runtime.process import relax_gc
from streams.signing.ed25519 import key_of, verify
from tests.bench.data import FAST, NATIONAL, Load, quick, registered
from tests.bench.judging import BATCH, Log, _turns, raw_logs
from tests.support.core_run import history

KEY = key_of(b"bench" + bytes(27))


def with_key(enterprises: Sequence[Enterprise]) -> list[Enterprise]:
    """The same enterprises, whose stations have a key."""
    key = StationKey("bench", b64encode(KEY.public).decode())
    return [
        msgspec.structs.replace(
            each,
            sources=tuple(msgspec.structs.replace(item, keys=(key,)) for item in each.sources),
        )
        for each in enterprises
    ]


def signed_logs(logs: Sequence[Log], head: int) -> list[list[RawRecord]]:
    """The logs, each reading with the headers of its station, in the order of the log.

    What is no reading is none of the station's: it would break its chain.
    """
    codec, found = Codec(FileIds()), []
    for log in logs:
        headers: dict[int, Headers] = {}
        by_source: dict[str, list[int]] = {}
        for at, record in enumerate(log):
            reading = codec.decode_reading(record.value)
            if isinstance(reading, Reading):
                by_source.setdefault(reading.source_id, []).append(at)
        for source, places in by_source.items():
            end = ChainEnd(0)
            for first in range(0, len(places), head):
                own = places[first : first + head]
                values = [log[at].value or b"" for at in own]
                end, made = sign_messages(end, source, key_id_of(KEY.public), values, KEY)
                headers |= dict(zip(own, made, strict=True))
        found.append([each._replace(headers=headers.get(at, ())) for at, each in enumerate(log)])
    return found


def judged(
    registry: RegistryHistory, logs: Sequence[Log], signatures: Signatures | None
) -> tuple[float, int]:
    """Processor seconds of decoding and judging the logs, and the readings that were used."""
    codec, rules = Codec(FileIds()), load_rules()
    engines = [
        PartitionProcessor(
            topic="emissions.readings",
            partition=partition,
            partitions=len(logs),
            decode=codec.decode_readings,
            rules=rules,
            policy=Policy(),
            registry=registry,
            state={},
            signatures=signatures,
        )
        for partition in range(len(logs))
    ]
    spent, used = 0.0, 0
    for _, partition, records in list(_turns(logs, BATCH)):
        began = time.process_time()
        outcome = engines[partition].apply(records)
        spent += time.process_time() - began
        used += outcome.used
    return spent, used


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.signed", description=__doc__)
    parser.add_argument("--load", choices=["national", "fast"], default="national")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--head", type=int, default=100)
    parser.add_argument("--quick", action="store_true")
    given = parser.parse_args()
    load: Load = {each.name: each for each in (NATIONAL, FAST)}[given.load]
    load = quick(load) if given.quick else load
    plain = raw_logs(load)
    sides = {
        False: (history(registered(load)), plain, None),
        True: (
            history(with_key(registered(load))),
            signed_logs(plain, given.head),
            Signatures(verify, SIGNATURES_REQUIRE),
        ),
    }
    relax_gc()
    gc.freeze()
    ratios = []
    for number in range(given.pairs):
        found = {}
        for side in (number % 2 == 0, number % 2 == 1):
            found[side] = judged(*sides[side])
        assert found[True][1] == found[False][1], "a signed reading was refused"
        ratios.append(found[True][0] / found[False][0])
        used = found[True][1]
        print(
            f"pair {number + 1}: unsigned {found[False][0] / used * 1e6:.2f} µs a reading, signed "
            f"{found[True][0] / used * 1e6:.2f}, ratio {ratios[-1]:.3f}",
            flush=True,
        )
    print(
        f"{load.name}, a head for {given.head} readings: median ratio "
        f"{statistics.median(ratios):.3f}, least {min(ratios):.3f}, most {max(ratios):.3f}"
    )


if __name__ == "__main__":
    main()
