"""The files of a log: their names, their growth, and the tree that is read from them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.evidence.merkle import (
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    range_hash,
    root_of,
    verify_consistency,
    verify_inclusion,
)
from streams.core.evidence.tiles import (
    ENTRIES,
    HASH_BYTES,
    HEIGHT,
    WIDTH,
    Tile,
    TileReader,
    bundle,
    entries_of,
    new_tiles,
    parent_hash,
    tiles_of,
)
from tests.support.generated import examples


def files(count: int) -> dict[str, bytes]:
    """Every tile of a log of some leaves, computed from all of them."""
    levels = [[leaf_hash(b"%d" % number) for number in range(count)]]
    while levels[-1]:
        below = levels[-1]
        whole = len(below) // WIDTH * WIDTH
        levels.append([parent_hash(below[at : at + WIDTH]) for at in range(0, whole, WIDTH)])
    return {
        tile.path: b"".join(levels[tile.level][tile.number * WIDTH :][: tile.width])
        for tile in tiles_of(count)
    }


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 0), "tile/0/000"),
        (Tile(0, 1234067), "tile/0/x001/x234/067"),
        (Tile(1, 0, 1), "tile/1/000.p/1"),
        (Tile(ENTRIES, 1000, 255), "tile/entries/x001/000.p/255"),
    ],
)
def test_paths_are_those_of_the_specification(tile: Tile, path: str) -> None:
    assert tile.path == path


def test_a_log_of_seventy_thousand_leaves_has_the_tiles_of_the_specification() -> None:
    found = list(tiles_of(70_000))
    full = [tile for tile in found if tile.width == WIDTH]
    part = [tile for tile in found if tile.width < WIDTH]
    assert len([tile for tile in full if tile.level == 0]) == 273
    assert [tile.path for tile in part] == [
        "tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1",
    ]  # fmt: skip


@pytest.mark.parametrize("size", [1, 255, 256, 257, 600, 65_536 + 256 + 3])
def test_the_tree_is_read_from_its_tiles(size: int) -> None:
    content = files(size)
    subtree = TileReader(content.__getitem__, size)
    leaves = [leaf_hash(b"%d" % number) for number in range(size)]
    root = root_of(leaves)
    assert range_hash(subtree, 0, size) == root
    for index in {0, size // 3, size - 1}:
        proof = inclusion_proof(subtree, index, size)
        assert verify_inclusion(leaves[index], index, size, proof, root)
    for older in {1, size // 2 or 1, size}:
        proof = consistency_proof(subtree, older, size)
        assert verify_consistency(older, root_of(leaves[:older]), size, root, proof)


def test_a_tile_of_another_length_is_refused() -> None:
    content = files(300)
    content["tile/0/001.p/44"] = content["tile/0/001.p/44"][:-1]
    with pytest.raises(ValueError, match=r"tile/0/001\.p/44 has 1407 bytes, and must have 1408"):
        range_hash(TileReader(content.__getitem__, 300), 0, 300)


@examples(60)
@given(st.integers(0, 70_000), st.integers(0, 700))
def test_what_is_new_is_what_was_not_there(before: int, more: int) -> None:
    size = before + more
    there = set(tiles_of(before))
    hashes = {tile for tile in new_tiles(before, size) if tile.level != ENTRIES}
    assert hashes == set(tiles_of(size)) - there
    bundles = {tile for tile in new_tiles(before, size) if tile.level == ENTRIES}
    assert bundles == {Tile(ENTRIES, *tile[1:]) for tile in hashes if tile.level == 0}


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_a_bundle_holds_its_entries(entries: list[bytes]) -> None:
    assert entries_of(bundle(entries)) == entries


def test_a_bundle_that_is_cut_is_refused() -> None:
    content = bundle([b"one", b"two"])
    for cut in range(1, len(content)):
        if cut != 5:  # the end of the first entry
            with pytest.raises(ValueError, match="in the middle of an entry"):
                entries_of(content[:cut])
    with pytest.raises(ValueError, match="65536 bytes, and may have 65535"):
        bundle([bytes(65_536)])


def test_heights_and_widths_belong_together() -> None:
    assert WIDTH == 2**HEIGHT == 256
    assert len(leaf_hash(b"")) == HASH_BYTES
