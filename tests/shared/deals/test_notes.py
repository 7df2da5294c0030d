"""What is written about a deal is a change of the deal: told, counted in its version, refused as one."""

from datetime import date

import pytest

from shared import deals, events, ids
from shared.actor import SYSTEM, Permission
from shared.db import Transaction
from shared.deals import DealUpdated, NoteDraft
from shared.deals.events import Did
from shared.errors import InvalidInput, ModuleInactive, NotFound
from tests import make
from tests.shared.deals.refused import refused


async def test_a_note_is_written_by_somebody_at_some_time(tx: Transaction) -> None:
    deal = await make.deal(tx)

    added = await deals.add_note(tx, NoteDraft(deal.id, "Дзвонив, передзвонить\nзавтра 📞"))

    assert await deals.get_notes(tx, [added.note.id]) == {added.note.id: added.note}
    assert (added.note.text, added.note.author_id) == ("Дзвонив, передзвонить\nзавтра 📞", tx.actor.user_id)
    (event,) = await events.after(tx, deal.funnel_id, 1)
    assert added.note.created_at == event.at == added.changed.deal.updated_at
    assert added.changed.place == event.place
    assert (added.changed.deal.version, await deals.find(tx, deal.id)) == (2, added.changed.deal)
    told = DealUpdated(added.changed.deal, (), ("notes",), Did.NOTE_ADDED, note_id=added.note.id)
    assert DealUpdated.from_payload(event.payload) == told


async def test_nobody_is_the_author_of_what_no_person_wrote(tx: Transaction) -> None:
    deal = await make.deal(tx)
    tx.actor = SYSTEM

    assert (await deals.add_note(tx, NoteDraft(deal.id, "Дзвінок 2 хв"))).note.author_id is None


async def test_a_note_is_written_anew_and_deleted(tx: Transaction) -> None:
    deal = await make.deal(tx)
    note = (await deals.add_note(tx, NoteDraft(deal.id, "Дзвонив"))).note

    changed = await deals.update_note(tx, NoteDraft(note.id, "Дзвонила"))
    kept = await deals.get_notes(tx, [note.id])
    deleted = await deals.delete_note(tx, note.id)

    assert kept == {note.id: changed.note}
    assert (changed.note.text, changed.note.created_at) == ("Дзвонила", note.created_at)
    assert (deleted.note_id, deleted.changed.deal.version) == (note.id, 4)
    assert await deals.get_notes(tx, [note.id]) == {}
    told = [DealUpdated.from_payload(event.payload) for event in await events.after(tx, deal.funnel_id, 1)]
    assert [(event.did, event.note_id, event.changed) for event in told] == [
        (Did.NOTE_ADDED, note.id, ("notes",)),
        (Did.NOTE_CHANGED, note.id, ("notes",)),
        (Did.NOTE_DELETED, note.id, ("notes",)),
    ]


async def test_the_same_text_is_no_change(tx: Transaction) -> None:
    deal = await make.deal(tx)
    added = await deals.add_note(tx, NoteDraft(deal.id, "Дзвонив"))
    tx.outgoing.clear()

    changed = await deals.update_note(tx, NoteDraft(added.note.id, "Дзвонив"))

    assert (changed.note, changed.changed.deal.version, changed.changed.place) == (added.note, 2, added.changed.place)
    assert tx.outgoing == []


async def test_notes_are_shown_newest_first_by_pages(tx: Transaction) -> None:
    deal, other = await make.deal(tx), await make.deal(tx)
    made = [(await deals.add_note(tx, NoteDraft(deal.id, text))).note for text in "abc"]

    first = (await deals.notes_of(tx, [deal.id, other.id], None, 2))[deal.id]
    rest = await deals.notes_of(tx, [deal.id, other.id], (first[-1].created_at, first[-1].id), 2)

    assert first == [made[2], made[1]]
    assert rest == {deal.id: [made[0]], other.id: []}
    assert await deals.count_notes(tx, [deal.id, other.id]) == {deal.id: 3}


async def test_what_is_acted_on_is_what_is_not_found(tx: Transaction) -> None:
    deal, missing = await make.deal(tx), ids.new()
    note = (await deals.add_note(tx, NoteDraft(deal.id, "Дзвонив"))).note
    tx.actor = make.actor(await make.user(tx), Permission.DEALS_WRITE)

    for command, named in (
        (lambda: deals.add_note(tx, NoteDraft(deal.id, "x")), deal.id),
        (lambda: deals.update_note(tx, NoteDraft(note.id, "x")), note.id),
        (lambda: deals.delete_note(tx, note.id), note.id),
        (lambda: deals.update_note(tx, NoteDraft(missing, "x")), missing),
        (lambda: deals.delete_note(tx, missing), missing),
    ):
        async with refused(tx, NotFound) as refusal:
            await command()
        assert refusal.id == named
    assert await deals.get_notes(tx, [note.id]) == {}


async def test_needs_the_module(tx: Transaction) -> None:
    deal = await make.deal(tx)
    note = (await deals.add_note(tx, NoteDraft(deal.id, "Дзвонив"))).note
    await make.module(tx, usable_until=date(2020, 1, 1))

    for command in (
        lambda: deals.add_note(tx, NoteDraft(deal.id, "x")),
        lambda: deals.update_note(tx, NoteDraft(note.id, "x")),
        lambda: deals.delete_note(tx, note.id),
    ):
        async with refused(tx, ModuleInactive):
            await command()


async def test_the_same_answer_again_is_as_things_are_now(tx: Transaction) -> None:
    deal = await make.deal(tx)
    added = await deals.add_note(tx, NoteDraft(deal.id, "Дзвонив"))
    changed = await deals.update_note(tx, NoteDraft(added.note.id, "Дзвонила"))

    again = await deals.recall_note(tx, added.kept)
    deleted = await deals.delete_note(tx, added.note.id)

    assert (again.note, again.changed.deal, again.changed.place) == (
        changed.note,
        changed.changed.deal,
        added.changed.place,
    )
    assert await deals.recall_deleted(tx, deleted.kept) == deleted
    with pytest.raises(NotFound) as refusal:
        await deals.recall_note(tx, added.kept)
    assert refusal.value.id == added.note.id


@pytest.mark.parametrize("text", ["", " \n", "x" * 10_001, "a\x00b"])
def test_a_note_says_something_in_at_most_ten_thousand_characters(text: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        NoteDraft.read(str(ids.new()), text)

    assert [problem.path for problem in refusal.value.problems] == [("text",)]
    assert NoteDraft.read(str(ids.new()), "x" * 10_000).text == "x" * 10_000
