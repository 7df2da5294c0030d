"""Commands as hypothesis draws them: by numbers, which choose among what is there when the command's turn comes.

WRONG chooses what is not there; what is deleted, archived or of another funnel is chosen like everything else.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from shared import ids
from shared.money import Money
from shared.spots import Spot, SpotKind
from tests.proof.model import Model

WRONG = 15
TITLES = ["Офіс", "🏠 عقار", "Склад"]
AMOUNTS = [None, Money(0, "UAH"), Money(1_50, "UAH"), Money(10**15 - 1, "UAH"), Money(7, "JPY")]

number = st.integers(0, WRONG)
some = st.lists(number, min_size=1, max_size=4)
title = st.sampled_from(TITLES)
amount = st.sampled_from(AMOUNTS)
version = st.sampled_from([None, None, None, 1, 2])
kind = st.sampled_from(SpotKind)
perhaps = st.one_of(st.none(), number)
yes_or_no = st.booleans()
note = st.sampled_from([None, "бо так"])


@dataclass(frozen=True)
class Step:
    """A command, and how its arguments are chosen. `who`: the number of who acts."""

    name: str
    who: int
    choose: Callable[[Model], Mapping[str, Any]]
    said: Mapping[str, Any]

    def __repr__(self) -> str:
        return f"{self.name} by {self.who}: {dict(self.said)}"


def one_of(numbered: int, things: Iterable[UUID]) -> UUID:
    there = list(things)
    return ids.new() if numbered == WRONG or not there else there[numbered % len(there)]


def different(numbers: Iterable[int], things: Iterable[UUID]) -> tuple[UUID, ...]:
    there = list(things)
    return tuple(dict.fromkeys(one_of(numbered, there) for numbered in numbers))


def spot(kind: SpotKind, numbered: int, things: Iterable[UUID]) -> Spot:
    return Spot(kind, one_of(numbered, things) if kind in (SpotKind.AFTER, SpotKind.BEFORE) else None)


def reason(model: Model, numbered: int | None) -> UUID | None:
    every = [id for funnel in model.funnels.values() for id in funnel.reasons]
    return None if numbered is None else one_of(numbered, every)


def fresh(model: Model, numbered: int) -> UUID:
    """Mostly an id that nothing has; with WRONG a stage's."""
    return next(iter(model.stages)) if numbered == WRONG else ids.new()


def fields(**strategies: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=strategies)


def step(
    name: str, choose: Callable[..., Mapping[str, Any]], /, **strategies: st.SearchStrategy[Any]
) -> st.SearchStrategy[Step]:
    """`choose(model, **drawn)`: the arguments that both the model and the product get."""

    def make(who: int, drawn: dict[str, Any]) -> Step:
        return Step(name, who, lambda model: choose(model, **drawn), drawn)

    return st.builds(make, number, st.fixed_dictionaries(strategies))


OF_FUNNELS = [
    step(
        "update_funnel",
        lambda model, f, name, viewers, version: {
            "funnel_id": one_of(f, model.funnels),
            "name": name,
            "viewers": viewers,
            "version": version,
        },
        f=number,
        name=st.sampled_from([None, *TITLES]),
        viewers=st.sampled_from([None, (0,), (0, 1), (1, 2)]),
        version=version,
    ),
    step(
        "archive_funnel",
        lambda model, f, archived: {"funnel_id": one_of(f, model.funnels), "archived": archived},
        f=number,
        archived=st.sampled_from([False, False, False, True]),
    ),
    step(
        "save_reason",
        lambda model, f, r, new, **given: {
            "funnel_id": one_of(f, model.funnels),
            "id": fresh(model, r) if new else reason(model, r),
            **given,
        },
        f=number,
        r=number,
        new=yes_or_no,
        name=title,
        requires_note=yes_or_no,
        archived=yes_or_no,
    ),
]
OF_STAGES = [
    step(
        "create_stage",
        lambda model, f, id, k, beside, **given: {
            "funnel_id": one_of(f, model.funnels),
            "id": fresh(model, id),
            "spot": spot(k, beside, model.stages),
            **given,
        },
        f=number,
        id=number,
        k=kind,
        beside=number,
        name=title,
        probability=st.sampled_from([0, 60, 100]),
        requires_amount=yes_or_no,
    ),
    step(
        "update_stage",
        lambda model, s, given: {"stage_id": one_of(s, model.stages), "fields": given},
        s=number,
        given=fields(name=title, probability=st.sampled_from([0, 60, 100]), requires_amount=yes_or_no),
    ),
    step(
        "move_stage",
        lambda model, s, k, beside: {"stage_id": one_of(s, model.stages), "spot": spot(k, beside, model.stages)},
        s=number,
        k=kind,
        beside=number,
    ),
    step(
        "delete_stage",
        lambda model, s, to: {
            "stage_id": one_of(s, model.stages),
            "target_id": None if to is None else one_of(to, model.stages),
        },
        s=number,
        to=perhaps,
    ),
]
CREATION = step(
    "create_deal",
    lambda model, f, id, assignee, **given: {
        "funnel_id": one_of(f, model.funnels),
        "id": fresh(model, id),
        "assignee_id": None if assignee is None else one_of(assignee, model.people),
        **given,
    },
    f=number,
    id=number,
    assignee=perhaps,
    title=title,
    amount=amount,
)
MOVE = step(
    "move_deal",
    lambda model, d, s, k, beside, r, **given: {
        "deal_id": one_of(d, model.deals),
        "stage_id": one_of(s, model.stages),
        "spot": spot(k, beside, model.deals),
        "reason_id": reason(model, r),
        **given,
    },
    d=number,
    s=number,
    k=kind,
    beside=number,
    r=perhaps,
    version=version,
    note=note,
    amount=amount,
)
MOVES = step(
    "move_deals",
    lambda model, d, s, r, note: {
        "deal_ids": different(d, model.deals),
        "stage_id": one_of(s, model.stages),
        "reason_id": reason(model, r),
        "note": note,
    },
    d=some,
    s=number,
    r=perhaps,
    note=note,
)
OF_DEALS = [
    CREATION,
    step(
        "update_deal",
        lambda model, d, assignee, given, version: {
            "deal_id": one_of(d, model.deals),
            "fields": given if assignee is None else {**given, "assignee_id": one_of(assignee, model.people)},
            "version": version,
        },
        d=number,
        assignee=perhaps,
        given=fields(title=title, amount=amount),
        version=version,
    ),
    MOVE,
    MOVE,
    MOVES,
    step("archive_deals", lambda model, d: {"deal_ids": different(d, model.deals)}, d=some),
    step("restore_deals", lambda model, d: {"deal_ids": different(d, model.deals)}, d=some),
]
OF_ITEMS = [
    step("add_note", lambda model, d, text: {"deal_id": one_of(d, model.deals), "text": text}, d=number, text=title),
    step("update_note", lambda model, n, text: {"note_id": one_of(n, model.notes), "text": text}, n=number, text=title),
    step("delete_note", lambda model, n: {"note_id": one_of(n, model.notes)}, n=number),
    step("add_task", lambda model, d, text: {"deal_id": one_of(d, model.deals), "text": text}, d=number, text=title),
    step("update_task", lambda model, t, text: {"task_id": one_of(t, model.tasks), "text": text}, t=number, text=title),
    step(
        "complete_task",
        lambda model, t, done: {"task_id": one_of(t, model.tasks), "done": done},
        t=number,
        done=yes_or_no,
    ),
]
OF_MODULE = [step("set_module", lambda model, usable: {"usable": usable}, usable=st.sampled_from([True, True, False]))]

steps = st.one_of(
    *[
        st.one_of(*group)
        for group in (OF_DEALS, OF_DEALS, OF_DEALS, OF_ITEMS, OF_STAGES, OF_FUNNELS, [*OF_ITEMS, *OF_MODULE])
    ]
)
