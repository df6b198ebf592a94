"""Decode the readings of a whole batch into columns: the hot path of the pipeline.

Nearly all messages of a batch have one of a few structures (see `schemas.decoding.template`).
Messages of equal length form a matrix, and all that match a known template are decoded at once. A
message without a known template is decoded alone and becomes a template for the rest. Messages that
match nothing are decoded alone, so a hostile batch costs little more than that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from types import MappingProxyType

import numpy as np

from schemas.columns import Block, DecodedBatch, Integers, Pattern
from schemas.decoding.blocks import block_of_readings, merge_blocks
from schemas.decoding.record import fields_of
from schemas.decoding.template import Matches, MessageTemplate, Octets, Words, words_of
from schemas.reading import Reading, Rejected, Tick

MAX_MESSAGE_BYTES = 4096
"""Longer messages are decoded alone."""
MIN_MATRIX_ROWS = 6
"""Fewer messages of one length are decoded one by one, which is cheaper than a matrix."""
MAX_TEMPLATES = 8
"""Templates kept per message length, and guesses in vain that a batch may cost."""
HELD_BYTES = 64 << 20
"""Approximate limit of the caches beyond one batch; then they are cleared."""

_MATRIX_ROWS = 2048
"""Messages per matrix: a larger one does not fit the processor's cache."""
_ENTRY_BYTES = 200
"""Approximate size of a cached object beside its text."""
_MIN_MATCHES = 4
"""Messages that must match for a template to be kept."""
_MIN_SHARE = 32
"""A guess counts as good if at least one message in this many matches."""

DecodeOne = Callable[[bytes | None], Reading | Tick | Rejected]
PatternKey = tuple[int, str, tuple[str, ...], tuple[tuple[str, str], ...]]


class _DecodedStrings(dict[bytes, str]):
    """Cache texts by their bytes. Raises UnicodeDecodeError for bytes that are not UTF-8."""

    held = 0

    def __missing__(self, content: bytes) -> str:
        text = self[content] = content.decode()
        self.held += len(content) + _ENTRY_BYTES
        return text


class _KnownTemplate(MessageTemplate):
    """A template with the patterns of its messages; None for malformed bytes."""

    def __init__(self, message: bytes) -> None:
        super().__init__(message, fields_of(message))
        self.patterns: dict[bytes, Pattern | None] = {}


class ColumnDecoder:
    """Decode batches, caching templates, patterns and source ids within bounds.

    ``decode_one`` decodes one message; ``is_current`` tells whether a message that is a reading has
    the current schema. The caches never change a result.
    """

    def __init__(
        self,
        decode_one: DecodeOne,
        is_current: Callable[[bytes], bool],
        held_bytes: int = HELD_BYTES,
    ) -> None:
        self._held_bytes = held_bytes
        self._decode_one = decode_one
        self._is_current = is_current
        self._known: dict[int, list[_KnownTemplate]] = {}
        self._patterns: dict[PatternKey, Pattern] = {}
        self._texts = _DecodedStrings()
        self._held = 0

    @property
    def held(self) -> int:
        """Approximate size of the caches in bytes."""
        return self._held + self._texts.held

    def decode(self, values: Sequence[bytes | None]) -> DecodedBatch:
        """Decode a batch into columns. Raises SchemaRegistryError as ``decode_one`` does."""
        if self.held > self._held_bytes:
            self._clear()
        blocks: list[Block] = []
        alone: list[Integers] = []
        for size, rows in _by_length(values):
            if len(rows) < MIN_MATRIX_ROWS or not 0 < size <= MAX_MESSAGE_BYTES:
                alone.append(rows)
                continue
            for begin in range(0, len(rows), _MATRIX_ROWS):
                some = rows[begin : begin + _MATRIX_ROWS]
                messages = [value for value in map(values.__getitem__, some.tolist()) if value]
                alone.append(self._match_templates(size, some, messages, blocks))
        others: dict[int, Tick | Rejected] = {}
        singles: dict[Pattern, list[tuple[int, Reading]]] = {}
        for row in np.sort(np.concatenate(alone)).tolist() if alone else ():
            found = self._decode_one(values[row])
            if isinstance(found, Reading):
                singles.setdefault(self._pattern_of(found), []).append((row, found))
            else:
                others[row] = found
        blocks += [block_of_readings(pattern, found) for pattern, found in singles.items()]
        return DecodedBatch(merge_blocks(blocks), others)

    def _clear(self) -> None:
        self._known.clear()
        self._patterns.clear()
        self._texts = _DecodedStrings()
        self._held = 0

    def _match_templates(
        self, size: int, rows: Integers, messages: list[bytes], blocks: list[Block]
    ) -> Integers:
        """Append the blocks of messages of one length; return the rows to decode alone."""
        words, left = words_of(messages, size), np.arange(len(rows))
        known = self._known.setdefault(size, [])
        alone: list[Integers] = []
        for template in known.copy():
            taken, left = self._match(template, words, rows, left, blocks, alone)
            if taken * _MIN_SHARE >= len(rows) and known[0] is not template:
                known.remove(template)  # the likeliest first, so that most guesses are right
                known.insert(0, template)
            if len(left) < MIN_MATRIX_ROWS:
                break
        guesses = min(MAX_TEMPLATES, 1 + len(left) // 64)
        while guesses and len(left) >= MIN_MATRIX_ROWS:
            # Not the first one: whoever wants to mislead would have to know the middle.
            guess = int(left[len(left) // 2])
            before = len(left)
            learnt = self._learn_template(messages[guess])
            taken = 0
            if learnt is not None:
                taken, left = self._match(learnt, words, rows, left, blocks, alone)
            if learnt is not None and taken >= _MIN_MATCHES:
                known.insert(0, learnt)
                self._held += 10 * size + 10 * _ENTRY_BYTES
                del known[MAX_TEMPLATES:]
            if taken < max(_MIN_MATCHES, before // _MIN_SHARE):
                guesses -= 1
            if not taken:
                alone.append(rows[[guess]])
                left = left[left != guess]
        return np.concatenate([*alone, rows[left]])

    def _learn_template(self, message: bytes) -> _KnownTemplate | None:
        """Make a template of a message, if it is a reading of the current schema."""
        if not isinstance(self._decode_one(message), Reading) or not self._is_current(message):
            return None
        try:
            return _KnownTemplate(message)
        except ValueError:
            return None

    def _match(
        self,
        template: _KnownTemplate,
        words: Words,
        rows: Integers,
        left: Integers,
        blocks: list[Block],
        alone: list[Integers],
    ) -> tuple[int, Integers]:
        """Append the blocks of the rows ``left`` that match; return their number and the others."""
        some = words if len(left) == len(words) else words[left]
        matches = template.matches(some)
        if matches is None:
            taken, left = left, left[:0]
        else:
            taken, left = left[matches], left[~matches]
            some = some[matches]
        if len(taken):
            rows = rows if len(taken) == len(rows) else rows[taken]
            self._append_blocks(template, some.view(np.uint8), rows, blocks, alone)
        return len(taken), left

    def _append_blocks(
        self,
        template: _KnownTemplate,
        octets: Octets,
        rows: Integers,
        blocks: list[Block],
        alone: list[Integers],
    ) -> None:
        """Append the blocks of messages that match one template."""
        contents, devices = template.source_ids(octets), template.device_serials(octets)
        serials: list[str | None] = [None] * len(rows)
        try:
            ids = list(map(self._texts.__getitem__, contents))
            if devices is not None:
                serials = list(map(self._texts.__getitem__, devices))
        except UnicodeDecodeError:
            good = self._readable(contents) & self._readable(devices or contents)
            alone.append(rows[~good])
            if good.any():
                self._append_blocks(template, octets[good], rows[good], blocks, alone)
            return
        moments, values = template.measured_at(octets), template.values(octets)
        variable_bytes = template.variable_bytes(octets)
        if len(variable_bytes) == 1:
            pattern = self._pattern(template, variable_bytes[0])
            if pattern is None:
                alone.append(rows)
            else:
                blocks.append(Block(pattern, rows, ids, serials, moments, values))
            return
        numbers: dict[bytes, int] = {}
        codes = np.array([numbers.setdefault(content, len(numbers)) for content in variable_bytes])
        order = np.argsort(codes, kind="stable")
        rows, moments = rows[order], moments[order]
        values = np.take(values.T, order, axis=1).T
        ids = [ids[place] for place in order.tolist()]
        serials = [serials[place] for place in order.tolist()]
        begin = 0
        for content, count in zip(numbers, np.bincount(codes).tolist(), strict=True):
            part = slice(begin, begin + count)
            begin += count
            pattern = self._pattern(template, content)
            if pattern is None:
                alone.append(rows[part])
            else:
                blocks.append(
                    Block(
                        pattern, rows[part], ids[part], serials[part], moments[part], values[part]
                    )
                )

    def _readable(self, contents: list[bytes]) -> Matches:
        good = np.ones(len(contents), np.bool_)
        for place, content in enumerate(contents):
            try:
                self._texts[content]
            except UnicodeDecodeError:
                good[place] = False
        return good

    def _pattern(self, template: _KnownTemplate, content: bytes) -> Pattern | None:
        """Return the pattern of messages of a template with these variable bytes."""
        try:
            return template.patterns[content]
        except KeyError:
            pass
        said = template.parse_variable(content)
        found = None
        if said is not None:
            found = self._interned(template.period_s, said.state, template.names, said.flags)
        template.patterns[content] = found
        self._held += len(content) + _ENTRY_BYTES
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
            self._held += 3 * _ENTRY_BYTES + sum(_ENTRY_BYTES // 2 + len(text) for text in texts)
        return found


def _by_length(values: Sequence[bytes | None]) -> Iterator[tuple[int, Integers]]:
    """Yield the rows of the messages of each length, ascending; a missing value has length 0."""
    try:
        sizes = np.fromiter(map(len, values), np.int64, len(values))  # type: ignore[arg-type]
    except TypeError:
        sizes = np.array([len(value or b"") for value in values], np.int64)
    sizes = np.minimum(sizes, MAX_MESSAGE_BYTES + 1).astype(
        np.uint16
    )  # two bytes are sorted at once
    order = np.argsort(sizes, kind="stable")
    ends = np.flatnonzero(np.diff(sizes[order], append=np.uint16(MAX_MESSAGE_BYTES + 2)))
    begin = 0
    for end in ends.tolist():
        yield int(sizes[order[end]]), order[begin : end + 1]
        begin = end + 1
