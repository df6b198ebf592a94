"""The tree of the log: known vectors, a second and plain calculation, and every altered proof."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.evidence.merkle import (
    EMPTY_ROOT,
    CompactRange,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    range_hash,
    root_of,
    verify_consistency,
    verify_inclusion,
)
from tests.support.generated import examples

KNOWN_LEAVES = [
    bytes.fromhex(text)
    for text in (
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]  # fmt: skip
KNOWN_ROOTS = {
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    7: "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}
"""Roots of the first leaves in the reference implementation of Certificate Transparency."""


def by_the_text(leaves: list[bytes]) -> bytes:
    """The definition of RFC 6962, section 2.1, word by word."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return sha256(b"\x01" + by_the_text(leaves[:split]) + by_the_text(leaves[split:])).digest()


def hashes(count: int) -> list[bytes]:
    return [leaf_hash(b"%d" % number) for number in range(count)]


class Log:
    """Whole subtrees of some leaves."""

    def __init__(self, count: int) -> None:
        self.leaves = hashes(count)

    def __call__(self, level: int, number: int) -> bytes:
        begin = number << level
        assert begin + (1 << level) <= len(self.leaves), "no such whole subtree"
        return by_the_text(self.leaves[begin : begin + (1 << level)])

    def root(self, size: int) -> bytes:
        return by_the_text(self.leaves[:size])


@pytest.mark.parametrize(("size", "root"), KNOWN_ROOTS.items())
def test_known_roots(size: int, root: str) -> None:
    assert root_of(map(leaf_hash, KNOWN_LEAVES[:size])).hex() == root


def test_the_empty_tree() -> None:
    assert root_of([]) == EMPTY_ROOT == sha256(b"").digest()


@examples(60)
@given(st.integers(0, 300))
def test_a_growing_root_is_that_of_the_text(size: int) -> None:
    tree = CompactRange()
    for leaf in hashes(size):
        tree.append(leaf)
    assert tree.root == by_the_text(hashes(size))
    again = CompactRange(size, tree.subtrees)
    again.append(leaf_hash(b"more"))
    assert again.root == by_the_text([*hashes(size), leaf_hash(b"more")])


def test_a_range_with_other_subtrees_than_its_size_is_refused() -> None:
    with pytest.raises(ValueError, match="a tree of 3 leaves has 2 whole subtrees, not 1"):
        CompactRange(3, [b""])


def test_every_leaf_of_every_small_tree_is_proved() -> None:
    log = Log(70)
    for size in range(1, 71):
        root = log.root(size)
        for index in range(size):
            proof = inclusion_proof(log, index, size)
            assert verify_inclusion(log.leaves[index], index, size, proof, root)
            assert not verify_inclusion(log.leaves[index], index, size, [*proof, root], root)
            assert not verify_inclusion(log.leaves[index], index, size, proof, EMPTY_ROOT)
            if proof:
                assert not verify_inclusion(log.leaves[index], index, size, proof[:-1], root)


def test_every_small_tree_begins_with_every_smaller_one() -> None:
    log = Log(40)
    for size in range(1, 41):
        root = log.root(size)
        for older in range(1, size + 1):
            proof = consistency_proof(log, older, size)
            assert verify_consistency(older, log.root(older), size, root, proof)
            assert not verify_consistency(older, log.root(older), size, root, [*proof, root])
            assert not verify_consistency(older, EMPTY_ROOT, size, root, proof)
            if proof:
                assert not verify_consistency(older, log.root(older), size, EMPTY_ROOT, proof)
                assert not verify_consistency(older, log.root(older), size, root, proof[:-1])
    assert verify_consistency(0, EMPTY_ROOT, 5, log.root(5), [])
    assert not verify_consistency(0, log.root(1), 5, log.root(5), [])


@examples(200)
@given(st.data())
def test_an_altered_proof_proves_nothing(data: st.DataObject) -> None:
    log = Log(data.draw(st.integers(2, 64)))
    size = len(log.leaves)
    index = data.draw(st.integers(0, size - 1))
    proof = inclusion_proof(log, index, size)
    at = data.draw(st.integers(0, len(proof) - 1))
    altered = int.from_bytes(proof[at]) ^ 1 << data.draw(st.integers(0, 255))
    straight = list(proof)
    proof[at] = altered.to_bytes(32)
    assert not verify_inclusion(log.leaves[index], index, size, proof, log.root(size))
    other = data.draw(st.integers(0, size - 1).filter(lambda place: place != index))
    assert not verify_inclusion(log.leaves[index], other, size, straight, log.root(size))


def test_a_range_in_the_middle() -> None:
    log = Log(12)
    assert range_hash(log, 8, 12) == by_the_text(log.leaves[8:12])
    assert range_hash(log, 8, 11) == node_hash(
        node_hash(log.leaves[8], log.leaves[9]), log.leaves[10]
    )


@pytest.mark.parametrize(("index", "size"), [(0, 0), (3, 3), (-1, 3)])
def test_there_is_no_proof_of_a_leaf_that_is_not_there(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="has no leaf"):
        inclusion_proof(Log(3), index, size)
    assert not verify_inclusion(b"", index, size, [], EMPTY_ROOT)


@pytest.mark.parametrize(("older", "size"), [(0, 3), (4, 3)])
def test_there_is_no_consistency_with_what_did_not_come_before(older: int, size: int) -> None:
    with pytest.raises(ValueError, match="does not begin with"):
        consistency_proof(Log(3), older, size)
