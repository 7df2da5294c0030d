"""The board as it stood: types of its own, so that no cache writes the past over the live board."""

import re
from collections.abc import Sequence
from typing import Self, cast
from uuid import UUID

import strawberry
from strawberry import UNSET

from services.graphql.accounts import Info, users_by_id
from services.graphql.context import Context
from services.graphql.deals import Contact
from services.graphql.engine.answers import BadUserInput
from services.graphql.engine.fields import batched
from services.graphql.money import Money
from services.graphql.pages import FIRST, NO_CURSOR, Connection, connection, decode, known
from services.graphql.roots import query
from services.graphql.scalars import (
    JSON,
    Color,
    Cursor,
    Date,
    DateTime,
    date_time,
    node_id,
    optional_date,
)
from shared import deals, forms, ids
from shared.deals import Deal, DealStatus
from shared.deals import PastBoard as Board
from shared.funnels import Stage, StageKind

ONE_MOMENT = "Give exactly one of `at` and `asOf`."
NO_MOMENT = "`at` is a time such as 2026-03-31T09:30:00Z."
INDEX = re.compile(r"[0-9]{1,9}", re.ASCII)


async def assignee_names(ctx: Context, past: Sequence["PastDeal"]) -> list[str | None]:
    """As they are called today: the log keeps who it was."""
    users = await users_by_id(ctx, [deal.assignee_id for deal in past])
    return [user.name if user else None for user in users]


@strawberry.type(description="A deal as it was.")
class PastDeal:
    deal_id: strawberry.ID = strawberry.field(description="Of the deal as it is today.")
    number: int = strawberry.field(description="Counts within the account, for people.")
    title: str
    contact: Contact
    assignee_name: str | None = batched(
        assignee_names, description="Who worked on it, as they are called today; null: nobody."
    )
    amount: Money | None = strawberry.field(description="What it was worth; null: not known then.")
    expected_close_on: Date | None
    stage_id: strawberry.ID = strawberry.field(description="Where it stood.")
    stage_name: str = strawberry.field(description="As it was called then.")
    status: DealStatus = strawberry.field(description="Whether it was still walking.")
    loss_reason_name: str | None = strawberry.field(description="Why it had been lost; null: it was not lost.")
    loss_note: str | None
    version: int = strawberry.field(description="Which version of the deal this is.")
    custom_fields: JSON

    assignee_id: strawberry.Private[UUID | None]

    @classmethod
    def of(cls, deal: Deal, stage: Stage, board: Board) -> Self:
        reasons = {reason.id: reason.name for reason in board.funnel.loss_reasons}
        return cls(
            deal_id=node_id(deal.id),
            number=deal.number,
            title=deal.title,
            contact=Contact.of(deal.contact),
            amount=Money.of(deal.amount) if deal.amount else None,
            expected_close_on=optional_date(deal.expected_close_on),
            stage_id=node_id(stage.id),
            stage_name=stage.name,
            status=deal.status,
            loss_reason_name=reasons.get(deal.loss_reason_id) if deal.loss_reason_id else None,
            loss_note=deal.loss_note,
            version=deal.version,
            custom_fields=cast("JSON", deal.custom_fields),
            assignee_id=deal.assignee_id,
        )


async def deals_of_past_columns(
    _ctx: Context, columns: Sequence["PastColumn"], *, first: int | None = FIRST, after: str | None = UNSET
) -> list[Connection[PastDeal]]:
    place, limit = decode(after or None), first or FIRST
    shown = []
    for column in columns:
        begin = _index(place[0]) if place else 0
        page = column.board.deals(column.stage.id, begin, begin + limit)
        shown.append(
            connection(
                [PastDeal.of(deal, column.stage, column.board) for deal in page],
                [(str(index), deal.id) for index, deal in enumerate(page, start=begin + 1)],
                known(column.deal_count),
                has_more=begin + limit < column.deal_count,
                after=place,
            )
        )
    return shown


def _index(place: str) -> int:
    """The past does not change: a place in a column of it is a number."""
    if not INDEX.fullmatch(place):
        raise BadUserInput(NO_CURSOR)
    return int(place)


@strawberry.type(description="A stage as it was called then, and the deals that stood in it.")
class PastColumn:
    stage_id: strawberry.ID = strawberry.field(description="Which stage it is; it may be gone today.")
    name: str
    color: Color
    kind: StageKind = strawberry.field(description="Whether it is built in, and as what.")
    deal_count: int = strawberry.field(description="Deals that stood in it.")
    value: list[Money] = strawberry.field(description="What these were worth, by currency.")
    deals: Connection[PastDeal] = batched(deals_of_past_columns, description="In the order that they stood in.")

    stage: strawberry.Private[Stage]
    board: strawberry.Private[Board]

    @classmethod
    def of(cls, stage: Stage, board: Board) -> Self:
        total = board.total(stage.id)
        return cls(
            stage_id=node_id(stage.id),
            name=stage.name,
            color=Color(stage.color),
            kind=stage.kind,
            deal_count=total.deals,
            value=Money.all(total.value),
            stage=stage,
            board=board,
        )


@strawberry.type(description="A board as it stood.")
class PastBoard:
    funnel_id: strawberry.ID = strawberry.field(description="Whose board it was.")
    seq: int = strawberry.field(description="The last event that had happened.")
    at: DateTime = strawberry.field(description="What was asked for; of `asOf`, when that event happened.")
    columns: list[PastColumn] = strawberry.field(description="In the order that the stages had then.")


@strawberry.type
class PastQuery:
    @query("A board as it stood at a moment, or after the event of a cursor; null before the funnel was made.")
    async def past_board(
        self, info: Info, funnel_id: strawberry.ID, at: DateTime | None = UNSET, as_of: Cursor | None = UNSET
    ) -> PastBoard | None:
        if bool(at) == bool(as_of):
            raise BadUserInput(ONE_MOMENT)
        moment = forms.read_instant(at) if at else None
        if at and moment is None:
            raise BadUserInput(NO_MOMENT)
        board = await info.context.read(
            lambda tx: deals.past_board(tx, ids.read(funnel_id), at=moment, as_of=as_of or None)
        )
        if board is None:
            return None
        return PastBoard(
            funnel_id=node_id(board.funnel_id),
            seq=board.seq,
            at=date_time(board.at),
            columns=[PastColumn.of(stage, board) for stage in board.funnel.stages],
        )
