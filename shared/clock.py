"""Time is a port: nobody below the edges asks the machine for it.

The time of an account is the database's clock and the account's offset (zero but for test accounts): the SQL
function `account_now()`. Leases, time-outs and tokens go by the real clock.
"""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo


def local_date(instant: datetime, zone: str) -> date:
    """The civil day on which an instant falls in a zone."""
    return instant.astimezone(ZoneInfo(zone)).date()


def first_moment(day: date, zone: str) -> datetime:
    """The first existing moment of a civil day, in UTC.

    Where the clock jumps over midnight (Beirut, Asunción …) the day begins when the jump ends.
    """
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(
        UTC
    )  # in a gap, fold=0 gives the moment of the jump
