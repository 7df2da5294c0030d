"""Every SQL statement about quotes, invoices, and what is covered. One statement per function, no decisions."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from shared.billing.grid import Period
from shared.billing.papers import (
    CreditNote,
    Invoice,
    InvoiceState,
    IssuedLine,
    Purpose,
    Quote,
    line_from_json,
    line_to_json,
)
from shared.billing.planning import Line, LineKind
from shared.db import Record, Transaction

INVOICE = """id, number, purpose, quote_id, state, issued_on, due_on, currency, total, from_balance, received,
             grace_from"""
LINE = """id, invoice_id, module_code, months, kind, period_start, period_end, of_days, full_price, amount, credited,
          renews"""


async def insert_quote(tx: Transaction, new: Quote, at: datetime) -> None:
    await tx.execute(
        """INSERT INTO quotes (account_id, created_at, id, effective_on, valid_until, grid_version, price_version,
                               currency, lines, total, from_balance)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)""",
        tx.account_id,
        at,
        new.id,
        new.effective_on,
        new.valid_until,
        new.grid_version,
        new.price_version,
        new.currency,
        [line_to_json(line) for line in new.lines],
        new.total,
        new.from_balance,
    )


async def select_quotes(tx: Transaction, ids: Sequence[UUID]) -> list[Quote]:
    rows = await tx.fetch(
        """SELECT id, effective_on, valid_until, grid_version, price_version, currency, lines, total, from_balance
             FROM quotes
            WHERE account_id = $1 AND id = ANY($2::uuid[])""",
        tx.account_id,
        list(ids),
    )
    return [Quote(**{**row, "lines": [line_from_json(line) for line in row["lines"]]}) for row in rows]


async def insert_invoice(tx: Transaction, new: Invoice) -> None:
    await tx.execute(
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
    await tx.executemany(
        """INSERT INTO invoice_lines (account_id, id, invoice_id, position, module_code, months, kind, period_start,
                                      period_end, of_days, full_price, amount, vat, credited, renews)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)""",
        [
            (
                tx.account_id,
                one.id,
                one.invoice_id,
                position,
                one.line.module_code,
                one.line.months,
                one.line.kind,
                one.line.period.start,
                one.line.period.end,
                one.line.of_days,
                one.line.full_price,
                one.line.amount,
                one.line.vat,
                one.line.credited,
                one.renews,
            )
            for position, one in enumerate(lines)
        ],
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
    return [_line(row) for row in rows]


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


async def insert_coverage(tx: Transaction, line_id: UUID, subscription_id: UUID, during: Period) -> None:
    await tx.execute(
        """INSERT INTO coverage (account_id, line_id, subscription_id, during)
                VALUES ($1, $2, $3, daterange($4, $5))""",
        tx.account_id,
        line_id,
        subscription_id,
        during.start,
        during.end,
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
    return [(_line(row), row["covered_until"], row["credited_amount"]) for row in rows]


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


async def select_credit_notes(tx: Transaction, invoice_ids: Sequence[UUID]) -> list[CreditNote]:
    rows = await tx.fetch(
        """SELECT id, number, invoice_id, issued_on, total, reason
             FROM credit_notes
            WHERE account_id = $1 AND invoice_id = ANY($2::uuid[])
            ORDER BY number""",
        tx.account_id,
        list(invoice_ids),
    )
    return [CreditNote(**row) for row in rows]


async def select_credit_notes_by_ids(tx: Transaction, ids: Sequence[UUID]) -> list[CreditNote]:
    rows = await tx.fetch(
        """SELECT id, number, invoice_id, issued_on, total, reason
             FROM credit_notes
            WHERE account_id = $1 AND id = ANY($2::uuid[])""",
        tx.account_id,
        list(ids),
    )
    return [CreditNote(**row) for row in rows]


def _invoice(row: Record) -> Invoice:
    return Invoice(**{**row, "state": InvoiceState(row["state"]), "purpose": Purpose(row["purpose"])})


def _line(row: Record) -> IssuedLine:
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
