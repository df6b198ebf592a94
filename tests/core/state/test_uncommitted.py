"""The engine sees its changes over what was saved, and the saved state is never written."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streams.core.state.uncommitted import UncommittedState
from tests.support.generated import examples

KEYS = st.sampled_from("abc")
CHANGES = st.lists(st.tuples(KEYS, st.none() | st.binary(max_size=2)))


@examples(200)
@given(st.dictionaries(KEYS, st.binary(max_size=2)), st.lists(CHANGES, max_size=4))
def test_uncommitted_state_reads_like_a_dict_with_every_change(
    saved: dict[str, bytes], checkpoints: list[list[tuple[str, bytes | None]]]
) -> None:
    overlay, truth = UncommittedState(saved), dict(saved)
    for changes in checkpoints:
        before = dict(saved)
        for key, value in changes:
            if value is None:
                assert overlay.delete(key) == (truth.pop(key, None) is not None)
            else:
                overlay.put(key, value)
                truth[key] = value
            for each in "abc":
                assert overlay.get(each) == truth.get(each)
                assert (each in overlay) == (each in truth)
        assert saved == before
        saved.clear()
        saved.update(truth)
        overlay.commit()
        assert {key: overlay.get(key) for key in "abc" if key in overlay} == saved
