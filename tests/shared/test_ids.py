"""Ids: what is one, and what stands for what is none."""

from shared import ids


def test_new_ids_are_of_version_7_and_rise() -> None:
    made = [ids.new() for _ in range(1_000)]

    assert {id.version for id in made} == {7}
    assert made == sorted(made)
    assert len(set(made)) == 1_000
