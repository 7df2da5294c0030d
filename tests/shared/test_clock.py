"""Civil days in a zone, and where they begin."""

from datetime import UTC, date, datetime, timedelta

import pytest

from shared.clock import first_moment, local_date
from shared.db import Transaction
from tests import make


@pytest.mark.parametrize(
    ("instant", "zone", "day"),
    [
        (datetime(2026, 1, 1, 21, 59, 59, tzinfo=UTC), "Europe/Kyiv", date(2026, 1, 1)),
        (datetime(2026, 1, 1, 22, 0, tzinfo=UTC), "Europe/Kyiv", date(2026, 1, 2)),
        (datetime(2026, 7, 1, 20, 59, 59, tzinfo=UTC), "Europe/Kyiv", date(2026, 7, 1)),
        (datetime(2026, 7, 1, 21, 0, tzinfo=UTC), "Europe/Kyiv", date(2026, 7, 2)),
        (datetime(2026, 1, 1, 4, 59, tzinfo=UTC), "America/New_York", date(2025, 12, 31)),
        (datetime(2026, 1, 1, 10, 0, tzinfo=UTC), "Pacific/Kiritimati", date(2026, 1, 2)),
    ],
)
def test_a_moment_falls_on_a_day_of_the_zone(instant: datetime, zone: str, day: date) -> None:
    assert local_date(instant, zone) == day


@pytest.mark.parametrize(
    ("day", "zone", "moment"),
    [
        (date(2026, 1, 2), "Europe/Kyiv", datetime(2026, 1, 1, 22, tzinfo=UTC)),
        (date(2026, 7, 2), "Europe/Kyiv", datetime(2026, 7, 1, 21, tzinfo=UTC)),
        (date(2026, 3, 29), "Asia/Beirut", datetime(2026, 3, 28, 22, tzinfo=UTC)),  # begins at 01:00
        (date(2025, 9, 7), "America/Santiago", datetime(2025, 9, 7, 4, tzinfo=UTC)),  # begins at 01:00
        (date(2025, 4, 6), "America/Santiago", datetime(2025, 4, 6, 4, tzinfo=UTC)),  # the eve had an hour more
        (date(2026, 10, 25), "Europe/Kyiv", datetime(2026, 10, 24, 21, tzinfo=UTC)),
    ],
)
def test_a_day_begins_with_its_first_existing_moment(day: date, zone: str, moment: datetime) -> None:
    assert first_moment(day, zone) == moment
    assert local_date(moment, zone) == day
    assert local_date(moment - timedelta(microseconds=1), zone) < day


async def test_an_account_may_have_a_clock_of_its_own(tx: Transaction) -> None:
    await make.clock(tx, timedelta(days=-90))

    assert await tx.fetchval("SELECT clock_timestamp() - account_now() > interval '90 days' - interval '1 minute'")
    assert await tx.fetchval("SELECT account_offset()") == timedelta(days=-90)
    earlier = await tx.now()
    assert earlier < await tx.now()  # it ticks
