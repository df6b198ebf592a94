"""The tree of a transparency log: RFC 6962 with SHA-256, its proofs, and their verification.

A leaf is hashed as ``SHA256(00 || leaf)`` and a node as ``SHA256(01 || left || right)``, so that no
leaf can pass for a node. The tree of n leaves splits at the greatest power of two below n
(RFC 6962, section 2.1; verification after RFC 9162, section 2.1.3 and 2.1.4). All functions work on
hashes of leaves, 32 bytes each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from typing import Final

EMPTY_ROOT: Final = sha256(b"").digest()
"""Root of a tree without leaves."""

Hash = bytes
Subtree = Callable[[int, int], Hash]
"""Gives the hash of a whole subtree: its level (0: a leaf) and its number at that level."""


def leaf_hash(leaf: bytes) -> Hash:
    """Hash a leaf."""
    return sha256(b"\x00" + leaf).digest()


def leaf_hashes(leaves: Iterable[bytes]) -> list[Hash]:
    """Hash many leaves."""
    return [sha256(b"\x00" + leaf).digest() for leaf in leaves]


def node_hash(left: Hash, right: Hash) -> Hash:
    """Hash the node above two subtrees."""
    return sha256(b"\x01" + left + right).digest()


class CompactRange:
    """The root of a growing tree, kept by the roots of its whole subtrees: one a bit of the size.

    ``subtrees`` are those of a tree of ``size`` leaves, the greatest (leftmost) first.
    """

    __slots__ = ("_subtrees", "size")

    def __init__(self, size: int = 0, subtrees: Iterable[Hash] = ()) -> None:
        self.size = size
        self._subtrees = list(subtrees)
        if len(self._subtrees) != size.bit_count():
            raise ValueError(
                f"a tree of {size} leaves has {size.bit_count()} whole subtrees, "
                f"not {len(self._subtrees)}"
            )

    def append(self, leaf: Hash) -> None:
        """Add the hash of a leaf."""
        subtrees, size = self._subtrees, self.size
        while size & 1:
            leaf = node_hash(subtrees.pop(), leaf)
            size >>= 1
        subtrees.append(leaf)
        self.size += 1

    def extend(self, leaves: Iterable[Hash]) -> None:
        """Add hashes of leaves, in their order: `append` for many."""
        subtrees, size = self._subtrees, self.size
        pop, push = subtrees.pop, subtrees.append
        for leaf in leaves:
            rest = size
            while rest & 1:
                leaf = sha256(b"\x01" + pop() + leaf).digest()
                rest >>= 1
            push(leaf)
            size += 1
        self.size = size

    @property
    def subtrees(self) -> tuple[Hash, ...]:
        """The roots of the whole subtrees, the greatest first."""
        return tuple(self._subtrees)

    @property
    def root(self) -> Hash:
        """The root of the tree."""
        if not self._subtrees:
            return EMPTY_ROOT
        *others, root = self._subtrees
        for left in reversed(others):
            root = node_hash(left, root)
        return root


def root_of(leaves: Iterable[Hash]) -> Hash:
    """Compute the root over hashes of leaves."""
    tree = CompactRange()
    for leaf in leaves:
        tree.append(leaf)
    return tree.root


def whole_subtrees(size: int) -> list[tuple[int, int]]:
    """List the whole subtrees of a tree of ``size`` leaves by level and number, leftmost first."""
    found, begin = [], 0
    for level in reversed(range(size.bit_length())):
        if size >> level & 1:
            found.append((level, begin >> level))
            begin += 1 << level
    return found


def range_hash(subtree: Subtree, begin: int, end: int) -> Hash:
    """Compute the root over the leaves ``[begin, end)`` of a log.

    ``begin`` is a multiple of the least power of two that is not below ``end - begin``.
    """
    size = end - begin
    hashes = [subtree(level, number + (begin >> level)) for level, number in whole_subtrees(size)]
    return CompactRange(size, hashes).root


def inclusion_proof(subtree: Subtree, index: int, size: int) -> list[Hash]:
    """Return the hashes that lead from leaf ``index`` to the root of ``size`` leaves, lowest first.

    Raises ValueError for a leaf that the tree does not have.
    """
    if not 0 <= index < size:
        raise ValueError(f"a tree of {size} leaves has no leaf {index}")
    proof: list[Hash] = []
    begin, end = 0, size
    while end - begin > 1:
        split = begin + _split(end - begin)
        if index < split:
            proof.append(range_hash(subtree, split, end))
            end = split
        else:
            proof.append(range_hash(subtree, begin, split))
            begin = split
    return proof[::-1]


def consistency_proof(subtree: Subtree, older: int, size: int) -> list[Hash]:
    """Return the hashes that prove that a tree of ``older`` leaves is the beginning of ``size``.

    Raises ValueError unless ``0 < older <= size``.
    """
    if not 0 < older <= size:
        raise ValueError(f"a tree of {size} leaves does not begin with one of {older}")
    proof: list[Hash] = []
    begin, end = 0, size
    while older != end:
        split = begin + _split(end - begin)
        if older <= split:
            proof.append(range_hash(subtree, split, end))
            end = split
        else:
            proof.append(range_hash(subtree, begin, split))
            begin = split
    if begin > 0:
        proof.append(range_hash(subtree, begin, end))
    return proof[::-1]


def verify_inclusion(leaf: Hash, index: int, size: int, proof: Sequence[Hash], root: Hash) -> bool:
    """Tell whether ``proof`` leads from the hash of leaf ``index`` to the root of ``size``."""
    if not 0 <= index < size:
        return False
    node, last, found = index, size - 1, leaf
    for other in proof:
        if last == 0:
            return False
        if node & 1 or node == last:
            found = node_hash(other, found)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            found = node_hash(found, other)
        node, last = node >> 1, last >> 1
    return last == 0 and found == root


def verify_consistency(
    older: int, older_root: Hash, size: int, root: Hash, proof: Sequence[Hash]
) -> bool:
    """Tell whether ``proof`` shows that the tree of ``older`` leaves is the beginning of ``size``.

    Nothing is proved of an empty tree, with which every log begins: then ``proof`` is empty.
    """
    if older == size:
        return not proof and older_root == root
    if older == 0:
        return not proof and older_root == EMPTY_ROOT
    if not 0 < older < size or not proof:
        return False
    # A whole subtree as old tree is itself the first hash of the path.
    path = [older_root, *proof] if older & (older - 1) == 0 else list(proof)
    node, last = older - 1, size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    found = found_older = path[0]
    for other in path[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            found_older, found = node_hash(other, found_older), node_hash(other, found)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            found = node_hash(found, other)
        node, last = node >> 1, last >> 1
    return last == 0 and found_older == older_root and found == root


def _split(size: int) -> int:
    """Return the greatest power of two below ``size``, which is at least 2."""
    return 1 << (size - 1).bit_length() - 1
