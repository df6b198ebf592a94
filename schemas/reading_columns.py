"""Readings of a whole batch, decoded into columns: the hot path of the whole pipeline.

Nearly all messages of a batch have one of a few structures (see `schemas.skeleton`). Those of
equal length lie in one matrix; all that have a known structure are taken out of it at once. A
message of a structure that is not known is decoded alone, and the rest is tried against it. What
is like no other is decoded alone: a hostile batch costs little more than that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from types import MappingProxyType

import numpy as np

from schemas.reading_blocks import joined, of_readings
from schemas.reading_decoder import fields_of
from schemas.skeleton import Hits, Octets, Skeleton, Words, words_of
from streams.core.columns import Block, Decoded, Integers, Pattern
from streams.core.reading import Reading, Rejected, Tick

LONGEST = 4096
"""A longer message is decoded alone."""
FEW = 6
"""Fewer messages of one length are decoded one by one: that costs less than a matrix."""
STRUCTURES = 8
"""Structures that are known of one length, and unlucky guesses that a batch may cost."""
HELD_BYTES = 64 << 20
"""About the most that is remembered, beyond what one batch leaves; then all is learnt anew."""

_AT_ONCE = 2048
"""Messages of one matrix at most: a larger one falls out of the processor's cache."""
_ENTRY = 200
"""Bytes of a remembered object beside its text, roughly."""
_PAYS = 4
"""Messages that must be of a structure for it to be worth remembering."""
_SHARE = 32
"""A guess is lucky if one in so many messages is of its structure; the unlucky are counted."""

Single = Callable[[bytes | None], Reading | Tick | Rejected]
Key = tuple[int, str, tuple[str, ...], tuple[tuple[str, str], ...]]


class _Texts(dict[bytes, str]):
    """Texts by their bytes; a text that is not UTF-8 raises UnicodeDecodeError."""

    held = 0

    def __missing__(self, content: bytes) -> str:
        text = self[content] = content.decode()
        self.held += len(content) + _ENTRY
        return text


class _Known(Skeleton):
    """A skeleton with the patterns of the messages seen; None for malformed bytes."""

    def __init__(self, message: bytes) -> None:
        super().__init__(message, fields_of(message))
        self.patterns: dict[bytes, Pattern | None] = {}


class ColumnDecoder:
    """Decodes batches; remembers structures, patterns and source ids, within bounds.

    ``single`` decodes one message; ``plain`` says of a message that is a reading whether its
    schema is the current one. Nothing that is remembered changes what a message is decoded to.
    """

    def __init__(
        self, single: Single, plain: Callable[[bytes], bool], held_bytes: int = HELD_BYTES
    ) -> None:
        self._held_bytes = held_bytes
        self._single = single
        self._plain = plain
        self._known: dict[int, list[_Known]] = {}
        self._patterns: dict[Key, Pattern] = {}
        self._texts = _Texts()
        self._held = 0

    @property
    def held(self) -> int:
        """Bytes of all that is remembered, roughly."""
        return self._held + self._texts.held

    def decode(self, values: Sequence[bytes | None]) -> Decoded:
        """A batch in columns; raises SchemaRegistryError as ``single`` does."""
        if self.held > self._held_bytes:
            self._forget()
        blocks: list[Block] = []
        alone: list[Integers] = []
        for size, rows in _by_length(values):
            if len(rows) < FEW or not 0 < size <= LONGEST:
                alone.append(rows)
                continue
            for begin in range(0, len(rows), _AT_ONCE):
                some = rows[begin : begin + _AT_ONCE]
                messages = [value for value in map(values.__getitem__, some.tolist()) if value]
                alone.append(self._take_structures(size, some, messages, blocks))
        others: dict[int, Tick | Rejected] = {}
        singles: dict[Pattern, list[tuple[int, Reading]]] = {}
        for row in np.sort(np.concatenate(alone)).tolist() if alone else ():
            found = self._single(values[row])
            if isinstance(found, Reading):
                singles.setdefault(self._pattern_of(found), []).append((row, found))
            else:
                others[row] = found
        blocks += [of_readings(pattern, found) for pattern, found in singles.items()]
        return Decoded(joined(blocks), others)

    def _forget(self) -> None:
        self._known.clear()
        self._patterns.clear()
        self._texts = _Texts()
        self._held = 0

    def _take_structures(
        self, size: int, rows: Integers, messages: list[bytes], blocks: list[Block]
    ) -> Integers:
        """Append blocks of messages of one length; returns the rows to decode alone."""
        words, left = words_of(messages, size), np.arange(len(rows))
        known = self._known.setdefault(size, [])
        alone: list[Integers] = []
        for skeleton in known.copy():
            taken, left = self._take(skeleton, words, rows, left, blocks, alone)
            if taken * _SHARE >= len(rows) and known[0] is not skeleton:
                known.remove(skeleton)  # the likeliest first, so that most guesses are right
                known.insert(0, skeleton)
            if len(left) < FEW:
                break
        guesses = min(STRUCTURES, 1 + len(left) // 64)
        while guesses and len(left) >= FEW:
            # Not the first one: whoever wants to mislead would have to know the middle.
            guess = int(left[len(left) // 2])
            before = len(left)
            learnt = self._learn(messages[guess])
            taken = 0
            if learnt is not None:
                taken, left = self._take(learnt, words, rows, left, blocks, alone)
            if learnt is not None and taken >= _PAYS:
                known.insert(0, learnt)
                self._held += 10 * size + 10 * _ENTRY
                del known[STRUCTURES:]
            if taken < max(_PAYS, before // _SHARE):
                guesses -= 1
            if not taken:
                alone.append(rows[[guess]])
                left = left[left != guess]
        return np.concatenate([*alone, rows[left]])

    def _learn(self, message: bytes) -> _Known | None:
        """The skeleton of a message, if it is a reading of the current schema and has one."""
        if not isinstance(self._single(message), Reading) or not self._plain(message):
            return None
        try:
            return _Known(message)
        except ValueError:
            return None

    def _take(
        self,
        skeleton: _Known,
        words: Words,
        rows: Integers,
        left: Integers,
        blocks: list[Block],
        alone: list[Integers],
    ) -> tuple[int, Integers]:
        """Append blocks of those in ``left`` that are of a structure; how many, and the rest."""
        some = words if len(left) == len(words) else words[left]
        hits = skeleton.hits(some)
        if hits is None:
            taken, left = left, left[:0]
        else:
            taken, left = left[hits], left[~hits]
            some = some[hits]
        if len(taken):
            rows = rows if len(taken) == len(rows) else rows[taken]
            self._columns(skeleton, some.view(np.uint8), rows, blocks, alone)
        return len(taken), left

    def _columns(
        self,
        skeleton: _Known,
        octets: Octets,
        rows: Integers,
        blocks: list[Block],
        alone: list[Integers],
    ) -> None:
        """Append the blocks of messages of one structure."""
        contents, devices = skeleton.source_ids(octets), skeleton.device_serials(octets)
        serials: list[str | None] = [None] * len(rows)
        try:
            ids = list(map(self._texts.__getitem__, contents))
            if devices is not None:
                serials = list(map(self._texts.__getitem__, devices))
        except UnicodeDecodeError:
            good = self._readable(contents) & self._readable(devices or contents)
            alone.append(rows[~good])
            if good.any():
                self._columns(skeleton, octets[good], rows[good], blocks, alone)
            return
        moments, values = skeleton.measured_at(octets), skeleton.values(octets)
        varying = skeleton.varying(octets)
        if len(varying) == 1:
            pattern = self._pattern(skeleton, varying[0])
            if pattern is None:
                alone.append(rows)
            else:
                blocks.append(Block(pattern, rows, ids, serials, moments, values))
            return
        numbers: dict[bytes, int] = {}
        codes = np.array([numbers.setdefault(content, len(numbers)) for content in varying])
        order = np.argsort(codes, kind="stable")
        rows, moments = rows[order], moments[order]
        values = np.take(values.T, order, axis=1).T
        ids = [ids[place] for place in order.tolist()]
        serials = [serials[place] for place in order.tolist()]
        begin = 0
        for content, count in zip(numbers, np.bincount(codes).tolist(), strict=True):
            part = slice(begin, begin + count)
            begin += count
            pattern = self._pattern(skeleton, content)
            if pattern is None:
                alone.append(rows[part])
            else:
                blocks.append(
                    Block(
                        pattern, rows[part], ids[part], serials[part], moments[part], values[part]
                    )
                )

    def _readable(self, contents: list[bytes]) -> Hits:
        good = np.ones(len(contents), np.bool_)
        for place, content in enumerate(contents):
            try:
                self._texts[content]
            except UnicodeDecodeError:
                good[place] = False
        return good

    def _pattern(self, skeleton: _Known, content: bytes) -> Pattern | None:
        """The pattern of messages of a structure whose varying bytes are these."""
        try:
            return skeleton.patterns[content]
        except KeyError:
            pass
        said = skeleton.read_varying(content)
        found = None
        if said is not None:
            found = self._interned(skeleton.period_s, said.state, skeleton.names, said.flags)
        skeleton.patterns[content] = found
        self._held += len(content) + _ENTRY
        return found

    def _pattern_of(self, reading: Reading) -> Pattern:
        return self._interned(reading.period_s, reading.state, tuple(reading.values), reading.flags)

    def _interned(
        self,
        period_s: int,
        state: str,
        names: tuple[str, ...],
        flags: dict[str, str],
    ) -> Pattern:
        key = (period_s, state, names, tuple(flags.items()))
        found = self._patterns.get(key)
        if found is None:
            found = Pattern(period_s, state, names, MappingProxyType(dict(flags)))
            self._patterns[key] = found
            texts = (*names, *flags, *flags.values())
            self._held += 3 * _ENTRY + sum(_ENTRY // 2 + len(text) for text in texts)
        return found


def _by_length(values: Sequence[bytes | None]) -> Iterator[tuple[int, Integers]]:
    """The places of the messages of each length, ascending; no value has the length 0."""
    try:
        sizes = np.fromiter(map(len, values), np.int64, len(values))  # type: ignore[arg-type]
    except TypeError:
        sizes = np.array([len(value or b"") for value in values], np.int64)
    sizes = np.minimum(sizes, LONGEST + 1).astype(np.uint16)  # two bytes are sorted at once
    order = np.argsort(sizes, kind="stable")
    ends = np.flatnonzero(np.diff(sizes[order], append=np.uint16(LONGEST + 2)))
    begin = 0
    for end in ends.tolist():
        yield int(sizes[order[end]]), order[begin : end + 1]
        begin = end + 1
