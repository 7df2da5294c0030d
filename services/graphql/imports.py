"""Imports: types, queries, what is done with them, and their progress live."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any, Self, cast
from uuid import UUID

import strawberry
from strawberry import UNSET

from services.graphql.accounts import Info
from services.graphql.context import Context
from services.graphql.engine.answers import BadUserInput
from services.graphql.engine.fields import batched
from services.graphql.errors import Forbidden, IdempotencyConflict, InvalidInput, NotAllowedNow, NotFound
from services.graphql.funnels import Funnel, funnels_by_id
from services.graphql.node import Node
from services.graphql.pages import FIRST, NO_CURSOR, Connection, connection, decode, known, moment
from services.graphql.roots import mutation, query, subscription
from services.graphql.scalars import JSON, node_id
from services.graphql.words import describe_enum
from services.graphql.writing import act
from shared import errors, ids, imports
from shared.actor import Permission
from shared.db import Transaction
from shared.imports import ImportState

IMPORTS_FIRST = 20
GLANCE = 0.25  # seconds between looks: nobody is told more often

describe_enum(
    ImportState,
    "How far an import is. The last three are the end of it.",
    QUEUED="It is about to be read.",
    RUNNING="Rows become deals.",
    DONE="Every row was read.",
    FAILED="The file could not be read to its end; the deals that it made stay.",
    CANCELLED="Somebody stopped it; the deals that it made stay.",
)


@strawberry.type(description="A row that could not be taken.")
class ImportReject:
    row: int = strawberry.field(description="Its number in the file; the header is row 1.")
    reason: str = strawberry.field(description="What is wrong with it: a sentence in the viewer's language.")
    values: JSON = strawberry.field(description="What stands in it, by the names of its columns.")


async def funnels_of_imports(ctx: Context, asked: Sequence["Import"]) -> list[Funnel]:
    return await funnels_by_id(ctx, [one.kept.funnel_id for one in asked])


async def rejects_of_imports(
    ctx: Context, asked: Sequence["Import"], *, first: int | None = FIRST, after: str | None = UNSET
) -> list[Connection[ImportReject]]:
    place, found = decode(after or None), []
    if place is not None and not (place[0].isdecimal() and len(place[0]) < 10):
        raise BadUserInput(NO_CURSOR)
    row = int(place[0]) if place else 0
    for one in asked:
        page = await ctx.read(lambda tx, id=one.kept.id: imports.rejects(tx, id, row, first or FIRST))  # type: ignore[misc]  # mypy cannot infer a lambda's default
        found.append(
            connection(
                [
                    ImportReject(
                        row=reject.row, reason=reject.reason.to(ctx.language), values=cast("JSON", reject.cells)
                    )
                    for reject in page.rejects
                ],
                [(str(reject.row), one.kept.id) for reject in page.rejects],
                known(one.kept.rejected_rows),
                has_more=page.has_more,
                after=place,
            )
        )
    return found


@strawberry.type(description="A file of deals, and how far it is taken in.")
class Import(Node):
    funnel: Funnel = batched(funnels_of_imports, description="Where its deals are made.")
    file_name: str = strawberry.field(description="As it was uploaded.")
    state: ImportState = strawberry.field(description="How far it is.")
    total_rows: int | None = strawberry.field(description="Without the header and blank rows; null: not counted yet.")
    processed_rows: int = strawberry.field(description="Rows that are done: made, duplicate or rejected.")
    created_rows: int = strawberry.field(description="Rows that became deals.")
    duplicate_rows: int = strawberry.field(description="Their external id is on an earlier row, of whatever file.")
    rejected_rows: int = strawberry.field(description="Rows that could not be taken; `rejects` tells why.")
    rejects: Connection[ImportReject] = batched(rejects_of_imports, description="In the order of the file.")

    kept: strawberry.Private[imports.Import]

    @classmethod
    def of(cls, kept: imports.Import) -> Self:
        return cls(
            id=node_id(kept.id),
            file_name=kept.file_name,
            state=kept.state,
            total_rows=kept.total_rows,
            processed_rows=kept.processed_rows,
            created_rows=kept.created_rows,
            duplicate_rows=kept.duplicate_rows,
            rejected_rows=kept.rejected_rows,
            kept=kept,
        )


@strawberry.input(description="An import to be read no further; the deals that it made stay.")
class CancelImportInput:
    id: strawberry.ID
    idempotency_key: str | None = UNSET


@strawberry.type(description="The import as it is now.")
class CancelImportPayload:
    import_: Import = strawberry.field(name="import", description="As it is now.")


CancelImportResult = Annotated[
    CancelImportPayload | InvalidInput | NotFound | Forbidden | NotAllowedNow | IdempotencyConflict,
    strawberry.union("CancelImportResult"),
]


async def _again(tx: Transaction, kept: dict[str, Any]) -> imports.Import:
    return await imports.get(tx, UUID(kept["import"]))


@strawberry.type
class ImportsQuery:
    @query("Imports into funnels that the viewer sees, newest first.")
    async def imports(
        self,
        info: Info,
        funnel_id: strawberry.ID | None = UNSET,
        first: int | None = IMPORTS_FIRST,
        after: str | None = UNSET,
    ) -> Connection[Import]:
        place = decode(after or None)
        of_funnel = ids.read(funnel_id) if isinstance(funnel_id, str) else None
        page = await info.context.read(lambda tx: imports.page(tx, of_funnel, moment(place), first or IMPORTS_FIRST))
        return connection(
            [Import.of(one) for one in page.imports],
            [(one.created_at.isoformat(), one.id) for one in page.imports],
            known(page.count),
            has_more=page.has_more,
            after=place,
        )

    @query("An import; null when it is not there or not the viewer's to see.", name="import")
    async def import_(self, info: Info, id: strawberry.ID) -> Import | None:
        found = await info.context.read(lambda tx: imports.find(tx, ids.read(id)))
        return Import.of(found) if found else None


@strawberry.type
class ImportsMutation:
    @mutation("Read a file no further. Needs DEALS_WRITE.")
    async def cancel_import(self, info: Info, input: CancelImportInput) -> CancelImportResult:
        cancelled = await act(
            info,
            input,
            Permission.DEALS_WRITE,
            imports.Cancellation.read,
            imports.cancel,
            keep=lambda done: {"import": str(done.id)},
            again=_again,
        )
        return CancelImportPayload(import_=Import.of(cancelled))


@strawberry.type
class ImportsSubscription:
    @subscription("An import as it is, and whenever it got further, at most four times a second; until it is over.")
    async def import_changed(self, info: Info, id: strawberry.ID) -> AsyncIterator[Import]:
        ctx, import_id, told = info.context, ids.read(id), None
        viewer = ctx.viewer
        while True:
            async with ctx.db.reading(viewer.require_account().id, viewer.actor) as tx:
                seen = await imports.find(tx, import_id)
            if seen is None:
                raise errors.NotFound(import_id)
            if seen != told:
                told = seen
                yield Import.of(seen)
            if seen.state.is_over:
                return
            await asyncio.sleep(GLANCE)
