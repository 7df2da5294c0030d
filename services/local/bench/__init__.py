"""`./dev bench`: what the product costs, beside what the same work costs when it is written by hand.

Each case has two sides that are measured in turn within one run: the product as production runs it, one process; and
its limit, a bare route or statement on the same database that does this one thing (`limit/`). Times of a shared
machine drift; CPU and the ratio of the two sides hold. Nothing here is a test: nothing fails by time.

    house.py    the processes: PostgreSQL, Valkey, the product, its limits, in a folder that is thrown away
    ground.py   how big everything is, and the account that is measured
    data.py     fills accounts by COPY, with logs and counters that are true
    load.py     an HTTP client that costs little; sockets.py: the same for WebSockets
    meter.py    CPU and memory from /proc; sides in turn
    cases/      what is measured
    report.py   the table, Markdown, JSON
"""

from services.local.bench.run import Options, bench

__all__ = ["Options", "bench"]
