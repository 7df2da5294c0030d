"""Notes and tasks of a deal, and what a client may write of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from shared import ids
from shared.forms import LONGEST_NOTE, NOT_NULL, Form

MOST_OPEN_TASKS = 100  # of a deal


@dataclass(frozen=True, slots=True)
class Note:
    """`author_id`: None when no person wrote it."""

    id: UUID
    deal_id: UUID
    text: str
    author_id: UUID | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class NoteDraft:
    """What is to be written of a deal, or into a note."""

    id: UUID
    text: str

    @classmethod
    def read(cls, id: str, text: str) -> Self:
        """`id`: the deal's, or the note's. Raises InvalidInput."""
        form = Form()
        draft = cls(ids.read(id), form.text(("text",), text, LONGEST_NOTE))
        form.check()
        return draft


@dataclass(frozen=True, slots=True)
class Task:
    """Something to be done for a deal. `done_at`: None while it is open."""

    id: UUID
    deal_id: UUID
    title: str
    due_at: datetime | None
    assignee_id: UUID | None
    done_at: datetime | None = None

    @property
    def done(self) -> bool:
        return self.done_at is not None


@dataclass(frozen=True, slots=True)
class NewTask:
    deal_id: UUID
    title: str
    due_at: datetime | None = None
    assignee_id: UUID | None = None

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> Self:
        """Raises InvalidInput with all problems of form."""
        form, assignee = Form(), given.get("assignee_id")
        new = cls(
            ids.read(given["deal_id"]),
            form.text(("title",), given["title"]),
            form.instant(("dueAt",), given.get("due_at")),
            ids.read(assignee) if assignee is not None else None,
        )
        form.check()
        return new


@dataclass(frozen=True, slots=True)
class TaskChanges:
    """What to change of a task: only what is in `fields`, by its name in `Task`."""

    task_id: UUID
    fields: Mapping[str, Any]

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> Self:
        """Raises InvalidInput with all problems of form."""
        form, fields = Form(), dict[str, Any]()
        if "title" in given:
            fields["title"] = form.text(("title",), given["title"])
        for name, path in (("due_at", ("dueAt",)), ("assignee_id", ("assigneeId",))):
            if name in given and given[name] is None:
                form.refuse(path, NOT_NULL)
        if given.get("due_at") is not None:
            fields["due_at"] = form.instant(("dueAt",), given["due_at"])
        if given.get("assignee_id") is not None:
            fields["assignee_id"] = ids.read(given["assignee_id"])
        form.check()
        return cls(ids.read(given["id"]), fields)


@dataclass(frozen=True, slots=True)
class TaskCompletion:
    """A task is done; or it is not."""

    task_id: UUID
    done: bool = True

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> Self:
        return cls(ids.read(given["id"]), given["done"])


@dataclass(frozen=True, slots=True)
class TaskFilter:
    """Which tasks: those that meet every condition that is given. `due_to` is included; what has no time is not."""

    assignee_ids: tuple[UUID, ...] | None = None
    done: bool | None = None
    due_to: datetime | None = None

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> Self:
        """Raises InvalidInput. null is as if it were left out."""
        form, assignees = Form(), given.get("assignee_ids")
        asked = cls(
            tuple(map(ids.read, assignees)) if assignees is not None else None,
            given.get("done"),
            form.instant(("dueTo",), given.get("due_to")),
        )
        form.check()
        return asked
