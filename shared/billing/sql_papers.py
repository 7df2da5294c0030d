"""Every SQL statement about invoices and their lines. One statement per function, no decisions."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from shared.billing.grid import Period
from shared.billing.papers import (
    Invoice,
    InvoiceState,
    IssuedLine,
    Purpose,
)
from shared.billing.planning import Line, LineKind
from shared.db import Record, Transaction

INVOICE = """id, number, purpose, quote_id, state, issued_on, due_on, currency, total, from_balance, received,
             grace_from"""
LINE = """id, invoice_id, module_code, months, kind, period_start, period_end, of_days, full_price, amount, credited,
          renews"""


async def insert_invoice(tx: Transaction, new: Invoice) -> None:
    await tx.later(
        f"""INSERT INTO invoices (account_id, {INVOICE})
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)""",
        tx.account_id,
        new.id,
        new.number,
        new.purpose,
        new.quote_id,
        new.state,
        new.issued_on,
        new.due_on,
        new.currency,
        new.total,
        new.from_balance,
        new.received,
        new.grace_from,
    )


async def insert_lines(tx: Transaction, lines: Sequence[IssuedLine]) -> None:
    await tx.later(
        """INSERT INTO invoice_lines (account_id, id, invoice_id, position, module_code, months, kind, period_start,
                                      period_end, of_days, full_price, amount, vat, credited, renews)
                SELECT $1, new.*
                  FROM unnest($2::uuid[], $3::uuid[], $4::integer[], $5::text[], $6::integer[], $7::text[], $8::date[],
                              $9::date[], $10::integer[], $11::bigint[], $12::bigint[], $13::bigint[], $14::uuid[],
                              $15::uuid[]) AS new""",
        tx.account_id,
        [one.id for one in lines],
        [one.invoice_id for one in lines],
        list(range(len(lines))),
        [one.line.module_code for one in lines],
        [one.line.months for one in lines],
        [one.line.kind for one in lines],
        [one.line.period.start for one in lines],
        [one.line.period.end for one in lines],
        [one.line.of_days for one in lines],
        [one.line.full_price for one in lines],
        [one.line.amount for one in lines],
        [one.line.vat for one in lines],
        [one.line.credited for one in lines],
        [one.renews for one in lines],
    )


async def select_invoices(tx: Transaction, ids: Sequence[UUID]) -> list[Invoice]:
    rows = await tx.fetch(
        f"SELECT {INVOICE} FROM invoices WHERE account_id = $1 AND id = ANY($2::uuid[])", tx.account_id, list(ids)
    )
    return [_invoice(row) for row in rows]


async def select_invoice_of_quote(tx: Transaction, quote_id: UUID) -> Invoice | None:
    row = await tx.fetchrow(
        f"SELECT {INVOICE} FROM invoices WHERE account_id = $1 AND quote_id = $2", tx.account_id, quote_id
    )
    return _invoice(row) if row else None


async def select_paid_by(tx: Transaction, payment_id: UUID) -> Invoice | None:
    """The invoice that a payment's money went to; None when it went to the balance."""
    row = await tx.fetchrow(
        f"""SELECT {INVOICE}
              FROM invoices
             WHERE account_id = $1
               AND id = (SELECT invoice_id FROM payments WHERE account_id = $1 AND id = $2)
               AND EXISTS (SELECT
                             FROM ledger
                            WHERE account_id = $1 AND source_type = 'PAYMENT' AND source_id = $2 AND kind = 'received'
                              AND to_book = 'INVOICES')""",
        tx.account_id,
        payment_id,
    )
    return _invoice(row) if row else None


async def select_bought_by_balance(tx: Transaction) -> list[Invoice]:
    """Paid invoices that the balance gave something for, the newest first."""
    rows = await tx.fetch(
        f"""SELECT {INVOICE}
              FROM invoices
             WHERE account_id = $1 AND state = 'PAID' AND from_balance > 0
             ORDER BY number DESC""",
        tx.account_id,
    )
    return [_invoice(row) for row in rows]


async def sum_kept(tx: Transaction, invoice: Invoice) -> int:
    """What an invoice has cost, less what was credited of it."""
    credited: int = await tx.fetchval(
        """SELECT coalesce(sum(amount), 0)::bigint
             FROM line_credits
            WHERE account_id = $1
              AND line_id IN (SELECT id FROM invoice_lines WHERE account_id = $1 AND invoice_id = $2)""",
        tx.account_id,
        invoice.id,
    )
    return invoice.total - credited


async def select_open_renewals(tx: Transaction, due_on: date) -> list[Invoice]:
    rows = await tx.fetch(
        f"""SELECT {INVOICE}
              FROM invoices
             WHERE account_id = $1 AND state = 'OPEN' AND purpose = 'RENEWAL' AND due_on = $2
             ORDER BY number""",
        tx.account_id,
        due_on,
    )
    return [_invoice(row) for row in rows]


async def select_early_invoice(tx: Transaction, today: date) -> Invoice | None:
    """The one of a renewal that is still to come."""
    row = await tx.fetchrow(
        f"""SELECT {INVOICE}
              FROM invoices
             WHERE account_id = $1 AND state = 'OPEN' AND purpose = 'RENEWAL' AND due_on > $2""",
        tx.account_id,
        today,
    )
    return _invoice(row) if row else None


async def select_open_renewal(tx: Transaction, subscription_id: UUID) -> Invoice | None:
    """The unpaid invoice by which a subscription would go on."""
    row = await tx.fetchrow(
        f"""SELECT {INVOICE}
              FROM invoices
             WHERE account_id = $1 AND state = 'OPEN' AND purpose = 'RENEWAL'
               AND id IN (SELECT invoice_id FROM invoice_lines WHERE account_id = $1 AND renews = $2 AND NOT void)
             ORDER BY number
             LIMIT 1""",
        tx.account_id,
        subscription_id,
    )
    return _invoice(row) if row else None


async def select_invoice_page(tx: Transaction, below: int | None, limit: int) -> list[Invoice]:
    """The newest first; those with numbers below one."""
    rows = await tx.fetch(
        f"""SELECT {INVOICE}
              FROM invoices
             WHERE account_id = $1 AND ($2::int IS NULL OR number < $2)
             ORDER BY number DESC
             LIMIT $3""",
        tx.account_id,
        below,
        limit,
    )
    return [_invoice(row) for row in rows]


async def count_invoices(tx: Transaction) -> int:
    counted: int = await tx.fetchval("SELECT count(*) FROM invoices WHERE account_id = $1", tx.account_id)
    return counted


async def select_lines(tx: Transaction, invoice_ids: Sequence[UUID]) -> list[IssuedLine]:
    rows = await tx.fetch(
        f"""SELECT {LINE}
              FROM invoice_lines
             WHERE account_id = $1 AND invoice_id = ANY($2::uuid[])
             ORDER BY invoice_id, position""",
        tx.account_id,
        list(invoice_ids),
    )
    return [line_of(row) for row in rows]


async def update_invoice_state(tx: Transaction, invoice_id: UUID, state: InvoiceState, received: int) -> None:
    await tx.execute(
        "UPDATE invoices SET state = $3, received = $4 WHERE account_id = $1 AND id = $2",
        tx.account_id,
        invoice_id,
        state,
        received,
    )


async def update_lines_void(tx: Transaction, invoice_id: UUID) -> None:
    await tx.execute(
        "UPDATE invoice_lines SET void = true WHERE account_id = $1 AND invoice_id = $2", tx.account_id, invoice_id
    )


def _invoice(row: Record) -> Invoice:
    return Invoice(**{**row, "state": InvoiceState(row["state"]), "purpose": Purpose(row["purpose"])})


def line_of(row: Record) -> IssuedLine:
    line = Line(
        row["module_code"],
        row["months"],
        LineKind(row["kind"]),
        Period(row["period_start"], row["period_end"]),
        row["of_days"],
        row["full_price"],
        row["amount"],
        row["credited"],
    )
    return IssuedLine(row["id"], row["invoice_id"], line, row["renews"])
