"""Spans by OpenTelemetry: one an operation, and within it what it was read by, its batches and its statements.

Only where OTEL_EXPORTER_OTLP_ENDPOINT says to whom; else none of the library is loaded, and a span is nothing. The
library's own variables work too (OTEL_SERVICE_NAME, OTEL_TRACES_SAMPLER, OTEL_EXPORTER_OTLP_HEADERS). No span holds
what a client sent but the names in its document.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from time import time_ns
from typing import Any

from shared.config import Settings

NOTHING = nullcontext()
_otel: Any = None  # the library's `trace`, once it is wanted
_tracer: Any = None


def configure(settings: Settings) -> Callable[[], None]:
    """Call it once. What it returns sends what is left, and may take a while."""
    global _otel, _tracer
    if settings.otel_exporter_otlp_endpoint is None:
        return lambda: None
    # Here, so that nobody pays for it who does not want it.
    from opentelemetry import trace  # noqa: PLC0415
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
    from opentelemetry.sdk.resources import SERVICE_NAME, OTELResourceDetector, Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    resource = Resource.create({SERVICE_NAME: "voronka"}).merge(OTELResourceDetector().detect())
    provider = TracerProvider(resource=resource)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    _otel, _tracer = trace, provider.get_tracer("voronka")

    def close() -> None:
        global _otel, _tracer
        _otel = _tracer = None
        provider.shutdown()

    return close


def span(name: str, attributes: Mapping[str, Any] | None = None) -> AbstractContextManager[Any]:
    """Within the one that is open."""
    if _tracer is None:
        return NOTHING
    opened: AbstractContextManager[Any] = _tracer.start_as_current_span(name, attributes=attributes)
    return opened


def batch(load: Callable[..., Any], parents: Sequence[Any]) -> AbstractContextManager[Any]:
    """Of one call of a batched field's function."""
    if _tracer is None:
        return NOTHING
    return span(f"batch {load.__name__}", {"voronka.parents": len(parents)})


class OperationSpan:
    """From its text to its answer. Named, once it is known, as the conventions for GraphQL say: `query Board`."""

    def __init__(self) -> None:
        self._opened: AbstractContextManager[Any] | None = None
        self._span: Any = None

    def begin(self, headers: Mapping[str, str] | None) -> None:
        """`headers`: of the request, which may name a trace that this belongs to (W3C Trace Context)."""
        if _tracer is None:
            return
        from opentelemetry.propagate import extract  # noqa: PLC0415

        parent = extract(headers) if headers is not None else None
        self._opened = _tracer.start_as_current_span("GraphQL", context=parent, kind=_otel.SpanKind.SERVER)
        self._span = self._opened.__enter__()

    def tell(self, kind: str, name: str | None, text: str, cost: int) -> None:
        """What it is, once that is known."""
        if self._opened is None:
            return
        self._span.update_name(f"{kind} {name}" if name else kind)
        digest = hashlib.sha256(text.encode()).hexdigest()
        about = {"graphql.operation.type": kind, "voronka.document.sha256": digest, "voronka.cost": cost}
        self._span.set_attributes(about | ({"graphql.operation.name": name} if name else {}))

    def end(self, codes: Sequence[str], *, failed: bool) -> None:
        """Only the first time. `codes`: of errors; `failed`: by a fault of ours."""
        if self._opened is None:
            return
        if codes:
            self._span.set_attribute("voronka.error_codes", list(codes))
        if failed:
            self._span.set_status(_otel.StatusCode.ERROR)
        opened, self._opened = self._opened, None
        opened.__exit__(None, None, None)


def statements() -> Callable[[Any], None] | None:
    """What a connection tells of each statement that it has executed (asyncpg's LoggedQuery); None: nobody listens."""
    return None if _tracer is None else _note_statement


def _note_statement(done: Any) -> None:
    if _tracer is None or not _otel.get_current_span().get_span_context().trace_flags.sampled:
        return  # no operation's: a look at the heads of rooms
    # Without arguments it may be several, that open a transaction and say whose it is.
    text = done.query if done.args else done.query.partition(";")[0]
    text, end = " ".join(text.split()), time_ns()
    attributes = {"db.system.name": "postgresql", "db.query.text": text}
    opened = _tracer.start_span(
        text.split(" ", 1)[0],
        kind=_otel.SpanKind.CLIENT,
        attributes=attributes,
        start_time=end - int(done.elapsed * 1e9),
    )
    if done.exception is not None:
        opened.set_attribute("error.type", type(done.exception).__name__)
        opened.set_status(_otel.StatusCode.ERROR)
    opened.end(end)
