"""From a row of a file to the deal that is made of it. Pure: what the account knows is given."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from shared import ids
from shared.deals import Contact, NewDeal, NewRow
from shared.errors import Sentence
from shared.forms import LONGEST_NOTE, Form
from shared.imports.model import Reject
from shared.imports.shielding import unshielded
from shared.ingest import tidy
from shared.money import Money

# Our fields, and how columns of them are called; case and blanks do not matter.
NAMES: Mapping[str, tuple[str, ...]] = {
    "title": ("Назва", "Title", "Название"),
    "contact.name": ("Ім'я", "Name", "Имя"),
    "contact.phone": ("Телефон", "Phone"),
    "contact.email": ("Пошта", "Email", "Почта"),
    "amount": ("Сума", "Amount", "Сумма"),
    "currency": ("Валюта", "Currency"),
    "assignee": ("Відповідальний", "Assignee", "Ответственный"),
    "note": ("Примітка", "Note", "Примечание"),
    "externalId": ("Зовнішній ID", "External ID", "Внешний ID"),
}
APOSTROPHES = str.maketrans({"’": "'", "ʼ": "'", "`": "'", "‘": "'"})
ENOUGH = frozenset({"title", "contact.name", "contact.phone", "contact.email"})  # one of these makes a deal
LONGEST_EXTERNAL_ID = 200

NOBODY = Sentence(
    "There is neither a title nor a contact's name, phone or e-mail.",
    "Тут немає ні назви, ні імені, телефону чи пошти контакту.",
)
UNREADABLE = Sentence("This row cannot be read: are its quotes closed?", "Цей рядок не читається: чи закриті лапки?")
TOO_MANY_CELLS = Sentence("There are more cells than columns.", "Тут більше клітинок, ніж стовпців.")
NO_ASSIGNEE = Sentence(
    "No active user has this name or e-mail: {said}.", "Немає активного користувача з таким ім'ям чи поштою: {said}."
)


@dataclass
class Reader:
    """What turns the rows of one file into deals of one funnel. `people`: by what they are called, in small letters."""

    funnel_id: UUID
    header: Sequence[str]
    mapping: Mapping[str, str]
    country: str
    currency: str
    people: dict[str, UUID] = field(default_factory=dict)
    _columns: dict[str, int] = field(init=False)  # of our fields
    _others: list[tuple[str, int]] = field(init=False)

    def __post_init__(self) -> None:
        fields = fields_of(self.header, self.mapping)
        self._columns = {name: index for index, name in fields.items()}
        self._others = [(name, index) for index, name in enumerate(self.header) if index not in fields]

    def named(self, rows: Iterable[Sequence[str]]) -> set[str]:
        """How the rows call people."""
        index = self._columns.get("assignee")
        if index is None:
            return set()
        return {tidy_text(said) for cells in rows if index < len(cells) and (said := cells[index].strip())}

    def read(self, number: int, cells: Sequence[str]) -> NewRow | Reject:
        said = [unshielded(line_feeds(cell).strip()) for cell in cells]
        count = len(said)
        given = {name: cell for name, index in self._columns.items() if index < count and (cell := said[index])}
        refused = self._refused(given, said)
        if refused is not None:
            return Reject(number, refused, cells_of(self.header, cells))
        form = Form(self.country)
        others: dict[str, str] = {}
        for name, index in self._others:
            if index < count and (cell := said[index]):
                put(others, name, index, cell)
        made = self._row(form, given, others)
        if form.problems:
            problem = form.problems[0]
            path = ".".join(problem.path)
            reason = Sentence(f"{path}: {problem.sentence.en}", f"{path}: {problem.sentence.uk}")
            return Reject(number, reason, cells_of(self.header, cells))
        return made

    def _refused(self, given: Mapping[str, str], said: Sequence[str]) -> Sentence | None:
        if any(said[len(self.header) :]):
            return TOO_MANY_CELLS
        if not given.keys() & ENOUGH:
            return NOBODY
        if "assignee" in given and self._assignee(given) is None:
            return NO_ASSIGNEE.filled(said=tidy.one_line(given["assignee"]))
        return None

    def _assignee(self, given: Mapping[str, str]) -> UUID | None:
        return self.people.get(given["assignee"].casefold()) if "assignee" in given else None

    def _row(self, form: Form, given: Mapping[str, str], others: dict[str, Any]) -> NewRow:
        said_phone = given.get("contact.phone")
        phone = tidy.phone(said_phone, self.country) if said_phone else None
        email = form.email(("contact", "email"), given.get("contact.email"))
        notes = [given["note"]] if "note" in given else []
        if said_phone and phone is None:  # nothing of it is lost
            notes.append(said_phone)
        name = given.get("contact.name") or phone or said_phone or email or given["title"]
        title = given.get("title") or name
        amount: Money | None = None
        if "amount" in given:
            amount = form.money((), plain_amount(given["amount"]), given.get("currency", self.currency).upper())
        new = NewDeal(
            ids.new(),
            self.funnel_id,
            form.text(("title",), title),
            Contact(form.text(("contact", "name"), name), phone, email),
            self._assignee(given),
            amount,
            custom_fields=form.json_object(("customFields",), others) if others else others,
        )
        note = form.optional_text(("note",), "\n".join(notes) or None, LONGEST_NOTE)
        return NewRow(new, note, form.optional_text(("externalId",), given.get("externalId"), LONGEST_EXTERNAL_ID))


def fields_of(header: Sequence[str], mapping: Mapping[str, str]) -> dict[int, str]:
    """Our field by the index of its column; of two columns that would be one field the first is. `mapping` goes first."""
    known = {plain_name(column): name for name, column in mapping.items()}
    known = {
        plain_name(column): name for name, columns in NAMES.items() for column in columns if name not in mapping
    } | known
    found: dict[int, str] = {}
    for index, column in enumerate(header):
        name = known.get(plain_name(column))
        if name is not None and name not in found.values():
            found[index] = name
    return found


def tidy_text(said: str) -> str:
    """What PostgreSQL can compare with."""
    return said.replace("\0", "").encode(errors="replace").decode()


def plain_name(column: str) -> str:
    return "".join(column.translate(APOSTROPHES).split()).casefold()


def plain_amount(said: str) -> str:
    """ "1 250,50" and "1,250.50" are 1250.50."""
    plain = "".join(said.split()).replace("'", "")
    if "." in plain and "," in plain:
        thousands = "," if plain.rindex(".") > plain.rindex(",") else "."
        plain = plain.replace(thousands, "")
    return plain.replace(",", ".")


def cells_of(header: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    """What stands in a row, by the names of its columns, as JSON can hold it."""
    named: dict[str, str] = {}
    for index, cell in enumerate(cells[: len(header) + 1]):
        put(named, header[index] if index < len(header) else "", index, tidy.json_value(cell[:1_000]))
    return named


def put(named: dict[str, Any], column: str, index: int, cell: str) -> None:
    """Under the column's name; with its number, where it has none or one like it says something else."""
    if not column or named.setdefault(column, cell) != cell:
        named[f"{column} #{index + 1}".strip()] = cell


def line_feeds(cell: str) -> str:
    """Lines within a cell end as ours do, whatever system wrote them."""
    return cell.replace("\r\n", "\n").replace("\r", "\n")
