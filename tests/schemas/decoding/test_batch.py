"""A batch in columns says of each message what decoding it alone says."""

from __future__ import annotations

import tracemalloc
from collections import Counter
from collections.abc import Sequence
from itertools import islice
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.codec import Codec
from schemas.columns import DecodedBatch
from schemas.decoding.batch import MAX_MESSAGE_BYTES, MAX_TEMPLATES, MIN_MATRIX_ROWS, ColumnDecoder
from schemas.errors import SchemaRegistryError
from schemas.ids import FileIds
from schemas.reading import Reading, Rejected, Tick
from tests.fuzz import mutate
from tests.fuzz.avro import Fields, double, frame
from tests.fuzz.hostile import CASES, HEAVY, MOMENTS, PERIODS, SPECIAL, TEXTS
from tests.fuzz.traffic import Traffic
from tests.fuzz.world import enterprises
from tests.schemas.avro import long
from tests.schemas.columns import said_in_columns, said_one_by_one
from tests.schemas.versions import GrowingIds, older

NOW = 1_780_254_000_000
NAMES = (b"SO2", b"NO2", b"CO", b"DUST", b"NO", b"O2", b"TEMPERATURE", b"PRESSURE", b"VELOCITY")
IDS = st.sampled_from([b"KZ-0001-01", b"KZ-0001-02", b"KZ-0002-01", b"A" * 10]) | st.sampled_from(
    TEXTS
)
MOMENT = st.integers(NOW, NOW + 86_400_000) | st.sampled_from(MOMENTS)
OLDER_ID = 7


def fields(number: int, *names: bytes, **others: object) -> Fields:
    """A sound reading of source ``number``, a minute later for each."""
    values = [(name, double(number + at / 8)) for at, name in enumerate(names or NAMES)]
    sound = Fields(b"KZ-%07d" % number, NOW + 60_000 * number, 60, values=values)
    return sound._replace(**others)  # type: ignore[arg-type]


def codec_of_two_versions() -> Codec:
    ids = GrowingIds()
    ids.add(OLDER_ID, older())
    return Codec(ids)


def older_message(number: int) -> bytes:
    body = long(2) + b"A%d" % (number % 10) + long(3) + b"red" + long(number) + long(60)
    return b"\x00" + OLDER_ID.to_bytes(4, "big") + body + long(1) + long(2) + b"NO" + b"\x00" * 5


def check(values: Sequence[bytes | None], before: Sequence[bytes | None] = ()) -> DecodedBatch:
    """Decode both ways and compare, with whatever was decoded before."""
    codec = codec_of_two_versions()
    codec.decode_readings(before)
    found = codec.decode_readings(values)
    said = said_in_columns(found, len(values))
    assert said == said_one_by_one(codec_of_two_versions(), values)
    return found


@st.composite
def structures(draw: st.DrawFn) -> Fields:
    names = draw(st.lists(st.sampled_from(NAMES) | st.sampled_from(TEXTS), max_size=4))
    flags = draw(st.lists(st.sampled_from(NAMES), max_size=2))
    return Fields(
        b"",
        0,
        draw(st.sampled_from(PERIODS)),
        draw(st.integers(0, 5)),
        draw(st.none() | st.sampled_from([b"S1", b"S2", b""]) | st.sampled_from(TEXTS)),
        [(name, double(0.0)) for name in names],
        [(name, draw(st.sampled_from([b"C", b"F", b"\xff"]))) for name in flags],
        draw(st.integers(0, 2)),
        draw(st.booleans()),
    )


@st.composite
def batches(draw: st.DrawFn) -> list[bytes | None]:
    """A few structures, each of several readings, in any order, and what else may be between."""
    chance = draw(st.randoms(use_true_random=False))
    made: list[bytes | None] = []
    for structure in draw(st.lists(structures(), min_size=1, max_size=3)):
        ids, moments = draw(st.lists(IDS, min_size=1)), draw(st.lists(MOMENT, min_size=1))
        for _ in range(draw(st.sampled_from([1, MIN_MATRIX_ROWS, 20, 40]))):
            reading = structure._replace(
                source_id=chance.choice(ids),
                measured_at=chance.choice(moments),
                values=[(name, chance.choice(SPECIAL)) for name, _ in structure.values],
            )
            if structure.serial == b"S1":
                reading = reading._replace(serial=chance.choice((b"S1", b"S2", b"\xff\xff")))
            made.append(frame(reading))
    tick = Codec(FileIds()).encode("StreamTick", {"sent_at": NOW})
    readings = [value for value in made if value is not None]
    made += [
        mutate.damaged(chance, chance.choice(readings), chance.choice(readings))
        for _ in range(draw(st.integers(0, 20)))
    ]
    made += [tick] * draw(st.sampled_from([0, 1, MIN_MATRIX_ROWS]))
    made += [None] * draw(st.sampled_from([0, 1, MIN_MATRIX_ROWS]))
    made += [
        older_message(number)
        for number in range(draw(st.sampled_from([0, 1, MIN_MATRIX_ROWS + 2])))
    ]
    made += [mutate.noise(chance) for _ in range(draw(st.integers(0, 3)))]
    chance.shuffle(made)
    return made


@settings(deadline=None)
@given(batches(), batches())
def test_columns_say_what_decoding_one_by_one_says(
    before: list[bytes | None], values: list[bytes | None]
) -> None:
    check(values)
    check(values, before)
    check(values, values)


@pytest.mark.parametrize("seed", range(3))
def test_fuzzed_traffic_is_decoded_as_one_by_one(seed: int) -> None:
    traffic = Traffic(enterprises(), seed, 4, heavy=0.0)
    values = [message.value for message in islice(traffic, 6_000)]
    columns, alone = Codec(FileIds()), Codec(FileIds())
    for size in (2_000, 500, 3_500):
        batch, values = values[:size], values[size:]
        found = said_in_columns(columns.decode_readings(batch), len(batch))
        assert found == said_one_by_one(alone, batch)


@pytest.mark.parametrize("name", sorted(CASES.keys() - HEAVY))
def test_hostile_messages_beside_sound_ones(name: str) -> None:
    sound = [fields(number) for number in range(20)]
    check([*map(frame, sound), *(CASES[name](each) for each in sound)])


def test_damage_to_any_byte_of_one_message_is_seen() -> None:
    sound = [frame(fields(number, flags=[(b"SO2", b"C")], serial=b"A-17")) for number in range(9)]
    for place in range(len(sound[4])):
        for byte in (0x00, 0x01, 0x7F, 0x80, sound[4][place] ^ 0x02):
            hurt = sound[4][:place] + bytes([byte]) + sound[4][place + 1 :]
            check([*sound[:4], hurt, *sound[5:]], before=sound)


def test_an_empty_batch_decodes_to_no_columns() -> None:
    assert check([]) == DecodedBatch([], {})
    assert check([None] * 9).blocks == []


def test_moments_of_every_size_are_read() -> None:
    moments = [sign << bits for bits in range(63) for sign in (1, -1)]
    moments += [*MOMENTS] * MIN_MATRIX_ROWS
    check([frame(fields(at)._replace(measured_at=moment)) for at, moment in enumerate(moments)])


@pytest.mark.parametrize("source_id", TEXTS)
def test_source_ids_of_every_kind_beside_others_of_their_length(source_id: bytes) -> None:
    sources = [b"X" * len(source_id)] * 9 + [source_id] * 9
    check([frame(fields(at)._replace(source_id=name)) for at, name in enumerate(sources)])


def test_a_name_sent_twice_counts_once_with_its_last_value() -> None:
    sent = [fields(number, b"SO2", b"NO", b"SO2") for number in range(20)]
    (block,) = check(list(map(frame, sent))).blocks
    assert block.pattern.names == ("SO2", "NO")
    assert block.values[:, 0].tolist() == [number + 2 / 8 for number in range(20)]


def counting() -> tuple[ColumnDecoder, Counter[str]]:
    """A decoder that counts what it decodes alone."""
    codec, calls = Codec(FileIds()), Counter[str]()

    def single(value: bytes | None) -> Reading | Tick | Rejected:
        calls["alone"] += 1
        return codec.decode_reading(value)

    return ColumnDecoder(single, codec._is_current), calls


def test_readings_of_one_structure_become_one_block_whatever_their_source() -> None:
    decoder, calls = counting()
    values = [frame(fields(number)) for number in range(3_000)]
    (block,) = decoder.decode(values).blocks
    assert block.source_ids == [f"KZ-{number:07}" for number in range(3_000)]
    assert calls["alone"] == 1
    decoder.decode(values)
    assert calls["alone"] == 1


def test_what_varies_within_a_structure_is_told_apart_without_decoding_alone() -> None:
    decoder, calls = counting()
    kinds = [(serial, state, flag) for serial in (b"A", b"B") for state in (0, 3) for flag in b"CF"]
    values = []
    for number in range(400):
        serial, state, flag = kinds[number % len(kinds)]
        flags = [(b"SO2", bytes([flag]))]
        values.append(frame(fields(number, serial=serial, state=state, flags=flags)))
    found = decoder.decode(values)
    assert calls["alone"] == 1
    assert sorted(len(block.rows) for block in found.blocks) == [100] * 4


def test_source_ids_of_several_lengths_share_a_block() -> None:
    (block,) = check([frame(fields(n, source_id=b"K%d" % n)) for n in range(1_200)]).blocks
    assert block.source_ids[999:1001] == ["K999", "K1000"]


def test_equal_patterns_are_one_object() -> None:
    codec = Codec(FileIds())
    (first,) = codec.decode_readings([frame(fields(number)) for number in range(40)]).blocks
    (alone,) = codec.decode_readings([frame(fields(1))]).blocks
    assert alone.pattern is first.pattern
    (longer,) = codec.decode_readings([frame(fields(1, source_id=b"K" * 90))] * 40).blocks
    assert longer.pattern is first.pattern


def test_patterns_cannot_be_changed() -> None:
    (block,) = check([frame(fields(1, flags=[(b"SO2", b"C")]))]).blocks
    with pytest.raises(TypeError):
        block.pattern.flags["SO2"] = "F"  # type: ignore[index]


def test_a_batch_of_which_no_two_are_alike_is_decoded_once_each() -> None:
    decoder, calls = counting()
    chance = Random(1)
    values = [frame(fields(n, b"%016x" % chance.getrandbits(64))) for n in range(2_000)]
    found = decoder.decode(values)
    assert len(found.blocks) == 2_000
    assert calls["alone"] <= len(values) + 2 * MAX_TEMPLATES
    sound = [frame(fields(number)) for number in range(2_000)]
    calls.clear()
    assert len(decoder.decode(sound).blocks) == 1
    assert calls["alone"] == 1


def test_a_few_of_no_known_structure_do_not_slow_down_the_many() -> None:
    decoder, calls = counting()
    odd = [fields(number, *NAMES[:-1], b"V%07d" % number) for number in range(200)]
    values = [frame(each) for each in (*odd, *(fields(number) for number in range(2_000)))]
    found = decoder.decode(values)
    assert max(len(block.rows) for block in found.blocks) == 2_000
    assert calls["alone"] <= len(odd) + MAX_TEMPLATES + 1


def test_messages_too_long_for_a_matrix_are_decoded() -> None:
    names = [b"P%04d" % number for number in range(MAX_MESSAGE_BYTES // 14)]
    values = [frame(fields(number, *names)) for number in range(MIN_MATRIX_ROWS + 1)]
    assert len(values[0]) > MAX_MESSAGE_BYTES
    (block,) = check(values).blocks
    assert block.values.shape == (MIN_MATRIX_ROWS + 1, len(names))


@pytest.mark.slow
def test_what_is_remembered_is_bounded() -> None:
    codec, chance, most = Codec(FileIds()), Random(1), 500_000
    decoder = ColumnDecoder(codec.decode_reading, codec._is_current, held_bytes=most)

    def hostile(number: int) -> Fields:
        made_up = b"%032x" % chance.getrandbits(128)
        structure = fields(number, b"P%d" % (number // 100), b"Q" * chance.randrange(1, 9))
        return structure._replace(source_id=made_up, serial=made_up[::-1])

    sizes = []
    tracemalloc.start()
    for _ in range(12):
        decoder.decode([frame(hostile(chance.randrange(100_000))) for _ in range(1_000)])
        sizes.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    codec_too = 12_000_000  # what decoding alone remembers has a bound of its own
    assert max(sizes) < 6 * most + codec_too
    assert decoder.held <= most + 1_000 * 3_000


def test_an_outage_of_the_schema_registry_is_no_verdict_on_a_message() -> None:
    ids = GrowingIds()
    codec = Codec(ids)
    values = [frame(fields(number)) for number in range(20)]
    ids.fails = True
    with pytest.raises(SchemaRegistryError):
        codec.decode_readings(values)
    ids.fails = False
    assert len(codec.decode_readings(values).blocks) == 1
    ids.fails = True  # what is known needs no registry
    assert len(codec.decode_readings(values).blocks) == 1
