"""Every SQL statement about what lines cover, and what was credited of them. One statement per function, no decisions."""

from collections.abc import Sequence
from datetime import date
from typing import Literal
from uuid import UUID

from shared.billing.grid import Period
from shared.billing.papers import CreditNote, IssuedLine
from shared.billing.sql_papers import LINE, line_of
from shared.db import Transaction


async def insert_coverage(tx: Transaction, bought: Sequence[tuple[UUID, UUID, Period]]) -> None:
    """`bought`: lines, each with the subscription that it pays for and the days."""
    await tx.later(
        """INSERT INTO coverage (account_id, line_id, subscription_id, during)
                SELECT $1, line_id, subscription_id, daterange(since, until)
                  FROM unnest($2::uuid[], $3::uuid[], $4::date[], $5::date[])
                       AS new (line_id, subscription_id, since, until)""",
        tx.account_id,
        [line_id for line_id, _, _ in bought],
        [subscription_id for _, subscription_id, _ in bought],
        [during.start for _, _, during in bought],
        [during.end for _, _, during in bought],
    )


async def select_coverage(tx: Transaction, subscription_id: UUID, after: date) -> list[tuple[IssuedLine, date, int]]:
    """Lines that cover days after that one, each with the end of what it covers and what was credited already.

    Each is locked: credits of a line are counted one after another.
    """
    rows = await tx.fetch(
        f"""SELECT {", ".join("l." + name.strip() for name in LINE.split(","))}, upper(c.during) AS covered_until,
                   (SELECT coalesce(sum(given.amount), 0)::bigint
                      FROM line_credits given
                     WHERE given.account_id = $1 AND given.line_id = l.id) AS credited_amount
              FROM coverage c
              JOIN invoice_lines l ON l.account_id = c.account_id AND l.id = c.line_id
             WHERE c.account_id = $1 AND c.subscription_id = $2 AND NOT isempty(c.during) AND upper(c.during) > $3
             ORDER BY c.during
               FOR UPDATE OF l""",
        tx.account_id,
        subscription_id,
        after,
    )
    return [(line_of(row), row["covered_until"], row["credited_amount"]) for row in rows]


async def update_coverage_end(tx: Transaction, line_id: UUID, end: date) -> None:
    await tx.execute(
        """UPDATE coverage SET during = daterange(lower(during), greatest(lower(during), $3::date))
            WHERE account_id = $1 AND line_id = $2""",
        tx.account_id,
        line_id,
        end,
    )


async def select_covering(tx: Transaction, invoice_id: UUID, after: date) -> list[tuple[UUID, UUID]]:
    """The lines of an invoice that cover days after that one, each with its subscription."""
    rows = await tx.fetch(
        """SELECT c.line_id, c.subscription_id
             FROM coverage c
             JOIN invoice_lines l ON l.account_id = c.account_id AND l.id = c.line_id
            WHERE c.account_id = $1 AND l.invoice_id = $2 AND NOT isempty(c.during) AND upper(c.during) > $3
            ORDER BY l.position""",
        tx.account_id,
        invoice_id,
        after,
    )
    return [(row["line_id"], row["subscription_id"]) for row in rows]


async def insert_line_credit(tx: Transaction, line_id: UUID, operation_id: UUID, amount: int) -> None:
    await tx.execute(
        "INSERT INTO line_credits (account_id, line_id, operation_id, amount) VALUES ($1, $2, $3, $4)",
        tx.account_id,
        line_id,
        operation_id,
        amount,
    )


async def insert_credit_note(tx: Transaction, new: CreditNote) -> None:
    await tx.execute(
        """INSERT INTO credit_notes (account_id, id, number, invoice_id, issued_on, total, reason)
                VALUES ($1, $2, $3, $4, $5, $6, $7)""",
        tx.account_id,
        new.id,
        new.number,
        new.invoice_id,
        new.issued_on,
        new.total,
        new.reason,
    )


async def select_credit_notes(
    tx: Transaction, column: Literal["id", "invoice_id"], ids: Sequence[UUID]
) -> list[CreditNote]:
    """Those that have one of the ids in that column."""
    rows = await tx.fetch(
        f"""SELECT id, number, invoice_id, issued_on, total, reason
             FROM credit_notes
            WHERE account_id = $1 AND {column} = ANY($2::uuid[])
            ORDER BY number""",
        tx.account_id,
        list(ids),
    )
    return [CreditNote(**row) for row in rows]
