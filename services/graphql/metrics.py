"""What is counted. Labels have few values: never an id."""

from functools import cache

from prometheus_client import CONTENT_TYPE_LATEST, Counter, Gauge, Histogram, generate_latest
from starlette.requests import Request
from starlette.responses import Response

OPERATIONS = Counter("voronka_operations", "GraphQL operations that were executed.", ["kind", "outcome"])
SECONDS = Histogram(
    "voronka_operation_seconds",
    "How long queries and mutations took.",
    ["kind"],
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5),
)
FALLBACKS = Counter("voronka_fallbacks", "Operations that the stock executor did, and why.", ["reason"])
SOCKETS = Gauge("voronka_sockets", "Open sockets.")
STREAMS = Gauge("voronka_streams", "Subscriptions that go over HTTP.")
SUBSCRIPTIONS = Gauge("voronka_subscriptions", "Running subscriptions.")
ROOMS = Gauge("voronka_rooms", "Streams that somebody watches.")
MESSAGES = Counter("voronka_messages", "Messages sent to subscribers.")
RESYNCS = Counter("voronka_resyncs", "Subscribers that were told to load again.", ["reason"])
GAPS = Counter("voronka_log_gaps", "Events that were missing in a log: each is a bug.")
UNCOUNTED = Counter("voronka_uncounted", "Times that Redis did not count, and a process counted for itself.")
INTAKE = Counter("voronka_intake", "Requests of sources.", ["outcome"])


@cache
def operations(kind: str, outcome: str) -> Counter:
    """Kept: a metric looks for its labels behind a lock, each time."""
    return OPERATIONS.labels(kind, outcome)


@cache
def seconds(kind: str) -> Histogram:
    """The same."""
    return SECONDS.labels(kind)


async def metrics(_request: Request) -> Response:
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
