"""Every SQL statement about sources. One statement per function, no decisions."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from shared.db import Record, Transaction
from shared.ingest.inputs import NewSource
from shared.ingest.model import Assignment, Source, SourceKind

SOURCE = """id, name, kind, funnel_id, assignee_id, assignment, attach_to_open_deal, mapping, enabled, created_at,
            received, created, duplicates, rejected"""


@dataclass(frozen=True, slots=True)
class Address:
    """`former_hash`: of the secret before the present one, while that still holds."""

    account_id: UUID
    secret_hash: bytes
    former_hash: bytes | None


@dataclass(frozen=True, slots=True)
class Sealed:
    """What is kept encrypted of a source; None where nothing is."""

    secret: bytes | None
    former_secret: bytes | None
    access_token: bytes | None


async def insert_source(tx: Transaction, id: UUID, new: NewSource, secret: bytes | None, token: bytes | None) -> Source:
    """`secret`, `token`: sealed."""
    row = await tx.fetchrow(
        f"""INSERT INTO sources (account_id, id, name, kind, funnel_id, assignee_id, assignment,
                                 attach_to_open_deal, mapping, sealed_secret, sealed_access_token, created_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, account_now())
              RETURNING {SOURCE}""",
        tx.account_id,
        id,
        new.name,
        new.kind,
        new.funnel_id,
        new.assignee_id,
        new.assignment,
        new.attach_to_open_deal,
        new.mapping,
        secret,
        token,
    )
    assert row is not None
    return _source(row)


async def insert_address(tx: Transaction, source_id: UUID, secret_hash: bytes) -> None:
    await tx.execute(
        "INSERT INTO source_addresses (source_id, account_id, secret_hash) VALUES ($1, $2, $3)",
        source_id,
        tx.account_id,
        secret_hash,
    )


async def select_address(tx: Transaction, source_id: UUID) -> Address | None:
    """Whose the source is, before the account is known."""
    row = await tx.fetchrow(
        """SELECT account_id, secret_hash,
                  CASE WHEN former_until > clock_timestamp() THEN former_hash END AS former_hash
             FROM source_addresses
            WHERE source_id = $1""",
        source_id,
    )
    return Address(**row) if row else None


async def update_address(tx: Transaction, source_id: UUID, secret_hash: bytes) -> None:
    """A new secret. The one before it lets callers in for a day more."""
    await tx.execute(
        """UPDATE source_addresses
              SET former_hash = secret_hash, former_until = clock_timestamp() + interval '1 day', secret_hash = $3
            WHERE account_id = $1 AND source_id = $2""",
        tx.account_id,
        source_id,
        secret_hash,
    )


async def select_sealed(tx: Transaction, source_id: UUID) -> Sealed:
    row = await tx.fetchrow(
        """SELECT sealed_secret AS secret, sealed_former_secret AS former_secret, sealed_access_token AS access_token
             FROM sources
            WHERE account_id = $1 AND id = $2""",
        tx.account_id,
        source_id,
    )
    assert row is not None
    return Sealed(**row)


async def update_sealed_secret(tx: Transaction, source_id: UUID, secret: bytes) -> None:
    await tx.execute(
        """UPDATE sources
              SET sealed_former_secret = sealed_secret, sealed_secret = $3
            WHERE account_id = $1 AND id = $2""",
        tx.account_id,
        source_id,
        secret,
    )


async def lock_source(tx: Transaction, id: UUID) -> Source | None:
    row = await tx.fetchrow(
        f"SELECT {SOURCE} FROM sources WHERE account_id = $1 AND id = $2 FOR UPDATE", tx.account_id, id
    )
    return _source(row) if row else None


async def update_source(tx: Transaction, source: Source) -> None:
    await tx.execute(
        """UPDATE sources
              SET name = $3, funnel_id = $4, assignee_id = $5, assignment = $6, attach_to_open_deal = $7, mapping = $8,
                  enabled = $9
            WHERE account_id = $1 AND id = $2""",
        tx.account_id,
        source.id,
        source.name,
        source.funnel_id,
        source.assignee_id,
        source.assignment,
        source.attach_to_open_deal,
        source.mapping,
        source.enabled,
    )


async def select_last_in_turn(tx: Transaction, source_id: UUID) -> UUID | None:
    """Who got the last deal, where viewers take turns."""
    last: UUID | None = await tx.fetchval(
        "SELECT last_in_turn FROM sources WHERE account_id = $1 AND id = $2", tx.account_id, source_id
    )
    return last


async def update_last_in_turn(tx: Transaction, source_id: UUID, user_id: UUID) -> None:
    await tx.execute(
        "UPDATE sources SET last_in_turn = $3 WHERE account_id = $1 AND id = $2", tx.account_id, source_id, user_id
    )


async def select_sources(tx: Transaction) -> list[Source]:
    rows = await tx.fetch(
        f"""SELECT {SOURCE}
              FROM sources
             WHERE account_id = $1
             ORDER BY lower(name), id""",
        tx.account_id,
    )
    return [_source(row) for row in rows]


async def select_sources_by_id(tx: Transaction, ids: Iterable[UUID]) -> list[Source]:
    rows = await tx.fetch(
        f"SELECT {SOURCE} FROM sources WHERE account_id = $1 AND id = ANY($2::uuid[])", tx.account_id, list(ids)
    )
    return [_source(row) for row in rows]


async def add_to_counters(
    tx: Transaction, source_id: UUID, *, received: int = 0, created: int = 0, duplicates: int = 0, rejected: int = 0
) -> None:
    await tx.execute(
        """UPDATE sources
              SET received = received + $3, created = created + $4,
                  duplicates = duplicates + $5, rejected = rejected + $6
            WHERE account_id = $1 AND id = $2""",
        tx.account_id,
        source_id,
        received,
        created,
        duplicates,
        rejected,
    )


def _source(row: Record) -> Source:
    return Source(**{**row, "kind": SourceKind(row["kind"]), "assignment": Assignment(row["assignment"])})
