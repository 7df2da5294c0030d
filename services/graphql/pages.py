"""Lists: a page at a time, each page going on from a place (a keyset cursor), not from a number that drifts."""

import base64
import binascii
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

import orjson
import strawberry
from strawberry.schema.name_converter import NameConverter

from services.graphql.engine.answers import BadUserInput
from services.graphql.engine.fields import batched
from shared.forms import Form, read_instant

T = TypeVar("T")
FIRST = 50
LONGEST = 200
Place = tuple[str, UUID]  # what a list is sorted by, then the id
NO_CURSOR = "This is no cursor of this list: take `endCursor` of an earlier page."


@strawberry.type(description="Where a page begins and ends, and whether there is more.")
class PageInfo:
    has_next_page: bool = strawberry.field(description="Whether the list goes on after this page.")
    has_previous_page: bool = strawberry.field(description="Whether this page is not the first: `after` was given.")
    start_cursor: str | None = strawberry.field(
        description="The place of the page's first thing; null: the page is empty."
    )
    end_cursor: str | None = strawberry.field(
        description="The place of the page's last thing, for `after` of the next page; null: the page is empty."
    )


@strawberry.type(description="A thing in a list, and its place there.")
class Edge(Generic[T]):
    node: T
    cursor: str = strawberry.field(description="Its place in the list, for `after`.")


async def total_counts(_ctx: object, connections: Sequence["Connection[Any]"]) -> list[int]:
    return [await connection.count() for connection in connections]


@strawberry.type(description="A page of a list.")
class Connection(Generic[T]):
    edges: list[Edge[T]]
    nodes: list[T]
    page_info: PageInfo
    total_count: int = batched(total_counts, description="Of the whole list.")

    count: strawberry.Private[Callable[[], Awaitable[int]]]


class Names(NameConverter):
    """A list is called by what it holds, without `Item`: InboxConnection holds InboxItems."""

    def from_generic(self, generic_type: Any, types: Any) -> str:
        return super().from_generic(generic_type, types).replace("Item", "")


def connection(
    nodes: Sequence[T],
    places: Sequence[Place],
    count: Callable[[], Awaitable[int]],
    *,
    has_more: bool,
    after: Place | None,
) -> Connection[T]:
    """`count` is asked only when the client asks."""
    cursors = [encode(place) for place in places]
    return Connection(
        edges=[Edge(node=node, cursor=cursor) for node, cursor in zip(nodes, cursors, strict=True)],
        nodes=list(nodes),
        page_info=PageInfo(
            has_next_page=has_more,
            has_previous_page=after is not None,
            start_cursor=cursors[0] if cursors else None,
            end_cursor=cursors[-1] if cursors else None,
        ),
        count=count,
    )


def known(count: int) -> Callable[[], Awaitable[int]]:
    """A count that is there already."""

    async def counted() -> int:
        return count

    return counted


class Counts:
    """Counts of many lists: brought together when the first of them is asked for."""

    def __init__(self, load: Callable[[], Awaitable[Mapping[UUID, int]]]) -> None:
        self._load = load
        self._found: Mapping[UUID, int] | None = None

    def of(self, id: UUID) -> Callable[[], Awaitable[int]]:
        """Of whose list that is; what was not found counts 0."""

        async def count() -> int:
            if self._found is None:
                self._found = await self._load()
            return self._found.get(id, 0)

        return count


def encode(place: Place) -> str:
    return base64.urlsafe_b64encode(orjson.dumps((place[0], str(place[1])))).decode()


def decode(cursor: str | None) -> Place | None:
    """Raises BadUserInput when it was never a cursor of a list."""
    if not cursor:  # absent, null or empty: from the beginning
        return None
    try:
        sorted_by, id = orjson.loads(base64.b64decode(cursor.encode("ascii"), altchars=b"-_", validate=True))
        place = sorted_by, UUID(id)
    except (ValueError, TypeError, AttributeError, binascii.Error):
        raise BadUserInput(NO_CURSOR) from None
    if not isinstance(sorted_by, str) or "\0" in sorted_by:
        raise BadUserInput(NO_CURSOR)
    return place


def moment(place: Place | None) -> tuple[datetime, UUID] | None:
    """A place in a list that is sorted by time. Raises BadUserInput when it is in no such list."""
    if place is None:
        return None
    at = read_instant(place[0])
    if at is None:
        raise BadUserInput(NO_CURSOR)
    return at, place[1]


def read_search(text: str | None, language: str) -> str | None:
    """What is looked for in names; None: all. Raises BadUserInput for what no name can hold."""
    if text is None or not text.strip():
        return None
    form = Form()
    read = form.text(("search",), text)
    if form.problems:
        raise BadUserInput(f"search: {form.problems[0].sentence.to(language)}")
    return read
