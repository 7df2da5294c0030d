"""Refusals: each has a code for programs and a sentence for people in both languages."""

import re

import pytest

from shared import errors, ids
from shared.errors import DomainError, InvalidInput, NotAllowedNow, Problem, Sentence


def leaves(family: type[DomainError]) -> set[type[DomainError]]:
    """The refusals that are raised."""
    children = [child for child in family.__subclasses__() if child.__module__ == errors.__name__]
    return {family} if not children else set[type[DomainError]]().union(*map(leaves, children))


REFUSALS = sorted(leaves(DomainError), key=lambda refusal: refusal.__name__)


def test_the_tree_at_the_top_names_every_refusal() -> None:
    assert errors.__doc__ is not None
    named = set(re.findall(r"[├└]── (\w+)", errors.__doc__))

    assert named == {refusal.__name__ for refusal in REFUSALS} | {"Conflict"}


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: refusal.__name__)
def test_every_refusal_speaks_both_languages(refusal: type[DomainError]) -> None:
    english, ukrainian = refusal.says.en, refusal.says.uk

    assert re.search("[А-яіїєґ]", ukrainian)
    assert not re.search("[А-яіїєґ]", english)
    assert sorted(re.findall(r"{\w+}", english)) == sorted(re.findall(r"{\w+}", ukrainian))


def test_a_code_is_the_name_in_capitals() -> None:
    assert errors.StaleDeal(ids.new()).code == "STALE_DEAL"
    assert errors.NotFound(ids.new()).code == "NOT_FOUND"
    assert errors.IdempotencyConflict().code == "IDEMPOTENCY_CONFLICT"
    assert errors.Forbidden("DEALS_WRITE").code == "FORBIDDEN"


def test_names_every_path_of_what_cannot_be_taken() -> None:
    wrong = Sentence("Wrong.", "Не так.")
    refusal = InvalidInput(Problem(("title",), wrong), Problem(("stages", "1", "color"), wrong))

    assert refusal.sentence.en == "Some of what was given cannot be taken: title, stages.1.color."
    assert refusal.sentence.uk == "Дещо з введеного не можна прийняти: title, stages.1.color."


def test_says_why_something_is_not_allowed_now() -> None:
    refusal = NotAllowedNow("TRIAL_USED", Sentence("it was tried.", "його пробували."))

    assert refusal.reason == "TRIAL_USED"
    assert refusal.sentence == Sentence(
        "This is not possible now: it was tried.", "Зараз це неможливо: його пробували."
    )
    assert refusal.code == "NOT_ALLOWED_NOW"


def test_what_a_client_wrote_is_no_pattern() -> None:
    assert errors.NotFound(ids.read("{0.__class__}")).sentence.en == "There is nothing here with the id {0.__class__}."


def test_a_sentence_is_ukrainian_or_english() -> None:
    sentence = Sentence("Yes.", "Так.")

    assert [sentence.to(language) for language in ("uk", "en", "pl")] == ["Так.", "Yes.", "Yes."]
