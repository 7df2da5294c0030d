"""What a deal is told of a lead: the texts of notes and tasks, in the account's language. Pure."""

from collections.abc import Iterable
from zoneinfo import ZoneInfo

from shared.errors import Sentence
from shared.forms import LONGEST_NOTE, read_instant
from shared.ingest import tidy
from shared.ingest.leads import Draft
from shared.ingest.mapping import text_of
from shared.ingest.model import Call, Direction, Lead

CALL_BACK = Sentence("Call back {phone}", "Передзвонити {phone}")
CAME_AGAIN = Sentence("Another request through {source}", "Ще одне звернення через {source}")
INCOMING = Sentence("Incoming call {phone}", "Вхідний дзвінок {phone}")
MISSED = Sentence("Missed call {phone}", "Пропущений дзвінок {phone}")
OUTGOING = Sentence("Outgoing call {phone}", "Вихідний дзвінок {phone}")
UNANSWERED = Sentence("Outgoing call {phone} without an answer", "Вихідний дзвінок {phone} без відповіді")
AT = Sentence("Time: {at}", "Час: {at}")
TALK = Sentence("Talk: {minutes}:{seconds:02d}", "Розмова: {minutes}:{seconds:02d}")
RECORDING = Sentence("Recording: {link}", "Запис: {link}")


def note_of_new(lead: Lead, draft: Draft) -> str | None:
    """What people wrote that stands nowhere in the deal."""
    return _note([lead.comment or "", *(f"{name}: {text}" for name, text in draft.unread.items())])


def note_of_known(lead: Lead, draft: Draft, source_name: str, language: str, zone: str) -> str | None:
    """All that the lead says, for a deal that is there already."""
    if lead.call is not None:
        return _note(_call(lead.call, _number(draft), language, zone))
    said = [lead.title, lead.name, *(one.text for one in (lead.phone, lead.email, lead.amount) if one is not None)]
    others = (f"{name}: {text_of(value)}" for name, value in draft.custom_fields.items())
    return _note(
        [
            CAME_AGAIN.filled(source=source_name).to(language),
            *(text or "" for text in said),
            *others,
            lead.comment or "",
        ]
    )


def call_back(draft: Draft, language: str) -> str:
    return tidy.one_line(CALL_BACK.filled(phone=_number(draft)).to(language))


def _call(call: Call, number: str, language: str, zone: str) -> list[str]:
    if call.direction is Direction.IN:
        headline = INCOMING if call.answered else MISSED
    else:
        headline = OUTGOING if call.answered else UNANSWERED
    lines = [headline.filled(phone=number)]
    if call.at:
        at = read_instant(call.at)
        shown = at.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M:%S") if at else call.at
        lines.append(AT.filled(at=shown))
    if call.answered and call.seconds:
        lines.append(TALK.filled(minutes=call.seconds // 60, seconds=call.seconds % 60))
    if call.recording:
        lines.append(RECORDING.filled(link=call.recording))
    return [line.to(language) for line in lines]


def _number(draft: Draft) -> str:
    return draft.contact.phone or next(iter(draft.unread.values()), draft.contact.name)


def _note(lines: Iterable[str]) -> str | None:
    return tidy.lines("\n".join(line for line in lines if line.strip()), LONGEST_NOTE) or None
