"""Fractional keys: whatever is put between what, the order stays, and keys stay short at the ends of a column."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.deals.positions import FIRST, LONGEST, between, spread


@given(st.lists(st.floats(0, 1, exclude_max=True), max_size=200))
def test_any_sequence_of_insertions_keeps_the_order(places: list[float]) -> None:
    """Each number says where in the column, from its top (0) to its bottom, the next one is put."""
    keys: list[str] = []
    for place in places:
        index = int(place * (len(keys) + 1))
        key = between(keys[index - 1] if index else None, keys[index] if index < len(keys) else None)
        keys.insert(index, key)

    assert all(earlier < later for earlier, later in pairwise(keys))


@given(
    st.lists(st.floats(0, 1, exclude_max=True), max_size=30),
    st.integers(0, 300),
    st.floats(0, 1, exclude_max=True),
)
def test_what_is_spread_stands_in_order_within_its_gap(places: list[float], count: int, gap: float) -> None:
    keys: list[str] = []
    for place in places:
        index = int(place * (len(keys) + 1))
        keys.insert(index, between(keys[index - 1] if index else None, keys[index] if index < len(keys) else None))
    index = int(gap * (len(keys) + 1))
    above, below = keys[:index], keys[index:]

    made = list(spread(above[-1] if above else None, below[0] if below else None, count))

    assert len(made) == count
    assert all(earlier < later for earlier, later in pairwise([*above, *made, *below]))


@pytest.mark.parametrize("upwards", [True, False])
def test_keys_at_the_ends_of_a_column_grow_with_the_logarithm_only(upwards: bool) -> None:
    key = FIRST
    for _ in range(300_000):
        following = between(None, key) if upwards else between(key, None)
        assert (following < key) is upwards
        key = following

    assert len(key) <= 5


@pytest.mark.parametrize("from_above", [True, False])
def test_the_same_gap_makes_long_keys(from_above: bool) -> None:
    """Which is why columns are re-spaced."""
    lower, upper = FIRST, between(FIRST, None)
    for _ in range(200):
        key = between(lower, upper)
        lower, upper = (key, upper) if from_above else (lower, key)

    assert max(len(lower), len(upper)) > LONGEST


@given(st.integers(1, 2_000))
def test_a_column_that_is_spread_anew_has_short_keys(count: int) -> None:
    assert max(len(key) for key in spread(None, None, count)) <= 4


def test_halves_the_gap() -> None:
    assert between(None, None) == "a0"
    assert between("a0", None) == "a1"
    assert between(None, "a0") == "Zz"
    assert between("a0", "a1") == "a0V"
    assert between("a0", "a0V") == "a0F"
    assert between("az", None) == "b00"
    assert between(None, "Z0") == "Yzz"
