"""A log grows by its edge alone: the same files and root, however its entries are divided."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from streams.core.evidence.append import LogEdge, append, edge_of
from streams.core.evidence.merkle import leaf_hash, root_of
from streams.core.evidence.tiles import ENTRIES, WIDTH, Tile, bundle, tiles_of
from tests.core.evidence.test_tiles import files as files_of
from tests.support.generated import examples


def entries(begin: int, end: int) -> list[bytes]:
    return [b"%d" % number for number in range(begin, end)]


def grown(parts: list[int]) -> tuple[LogEdge, dict[Tile, bytes]]:
    edge = LogEdge()
    files: dict[Tile, bytes] = {}
    for count in parts:
        growth = append(edge, entries(edge.size, edge.size + count))
        edge = growth.edge
        files.update(growth.files)
    return edge, files


@given(st.lists(st.integers(0, 600), max_size=4))
@example([255, 1, 1])
@example([256, 256])
@examples(30)
def test_the_files_are_those_of_the_whole_log(parts: list[int]) -> None:
    check(parts)


def test_a_second_level_becomes_full() -> None:
    check([WIDTH * WIDTH - 1, 1, 1])


def check(parts: list[int]) -> None:
    edge, files = grown(parts)
    size = sum(parts)

    assert edge.size == size
    assert edge.root == root_of(map(leaf_hash, entries(0, size)))
    whole = files_of(size)
    assert {path: files[tile] for tile in tiles_of(size) for path in [tile.path]} == whole
    for number in range(-(-size // WIDTH)):
        width = min(WIDTH, size - number * WIDTH)
        begin = number * WIDTH
        assert files[Tile(ENTRIES, number, width)] == bundle(entries(begin, begin + width))


@given(st.lists(st.integers(0, 400), max_size=4))
@example([WIDTH])
@examples(30)
def test_the_edge_is_read_from_the_files(parts: list[int]) -> None:
    edge, files = grown(parts)

    assert edge_of(edge.size, files.__getitem__) == edge
    assert set(edge.files()) <= files.keys()


def test_a_tile_of_another_length_is_no_edge() -> None:
    edge, files = grown([300])

    with pytest.raises(ValueError, match="level 0 has not 44 hashes"):
        edge_of(300, lambda tile: files[tile][1:])
    with pytest.raises(ValueError, match="last bundle has 1 entries"):
        edge_of(300, lambda tile: bundle([b"x"]) if tile.level == ENTRIES else files[tile])
    with pytest.raises(KeyError):
        edge_of(301, files.__getitem__)
    assert edge.size == 300
