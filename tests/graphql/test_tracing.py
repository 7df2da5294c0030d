"""What an OpenTelemetry collector is told of an operation: names, sizes and codes, never what somebody sent."""

import hashlib
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.local import ports
from shared import accounts, ids
from shared.actor import Permission
from tests import client
from tests.graphql.asking import Person
from tests.serving import running
from tests.sockets import BOARD, signed_in

SECRET = "Secret"  # in the few letters that a span is printed in as they are
TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
QUERY = """query Funnels($search: String) {
  funnels(filter: {search: $search}, first: 7) { nodes { id stages { id } lossReasons { id } } totalCount } }"""


@dataclass
class Collector:
    """Takes spans by OTLP over HTTP."""

    spans: list[Span] = field(default_factory=list)

    async def take(self, request: Request) -> Response:
        for resource in ExportTraceServiceRequest.FromString(await request.body()).resource_spans:
            names = {one.key: one.value.string_value for one in resource.resource.attributes}
            assert names["service.name"] == "voronka"
            self.spans += [span for scope in resource.scope_spans for span in scope.spans]
        return Response(b"", media_type="application/x-protobuf")

    def named(self, name: str) -> Span:
        """The only one of that name."""
        (found,) = [span for span in self.spans if span.name == name]
        return found

    def below(self, parent: Span) -> list[str]:
        """Names, sorted."""
        return sorted(span.name for span in self.spans if span.parent_span_id == parent.span_id)


def attributes(span: Span) -> dict[str, Any]:
    values = {one.key: one.value for one in span.attributes}
    return {key: getattr(value, str(value.WhichOneof("value"))) for key, value in values.items()}


def about(kind: str, name: str, text: str, cost: int) -> dict[str, Any]:
    return {
        "graphql.operation.type": kind,
        "graphql.operation.name": name,
        "voronka.document.sha256": hashlib.sha256(text.encode()).hexdigest(),
        "voronka.cost": cost,
    }


@pytest.fixture
async def collector() -> AsyncIterator[tuple[Collector, str]]:
    """And where it is."""
    collector, port = Collector(), ports.choose()
    routes = [Route("/v1/traces", collector.take, methods=["POST"])]
    async with running(Starlette(routes=routes), port):
        yield collector, f"http://127.0.0.1:{port}"


async def test_an_operation_is_a_span(
    collector: tuple[Collector, str], dsn: str, redis_url: str, tmp_path: Path, account: accounts.Account
) -> None:
    told, endpoint = collector
    async with client.api(tmp_path, dsn, redis_url, OTEL_EXPORTER_OTLP_ENDPOINT=endpoint) as api:
        owner = Person(api, account.id, id := ids.new(), api.person(account.id, *Permission, user_id=id, name=SECRET))
        funnel = await owner.funnel(name=SECRET)
        parent = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
        await api.graphql(QUERY, {"search": SECRET}, owner.token, parent)
        await owner.answer("query Wrong { nobody }")
        await owner.answer("query Dear { deals(first: 200) { nodes { tasks { id } } } }")
        async with signed_in(f"127.0.0.1:{api.port}", owner.token) as socket:
            watching = await socket.watch(funnel["id"])
            await watching.next()
    # What was not sent yet, is when it ends.

    query = told.named("query Funnels")
    assert (query.trace_id.hex(), query.parent_span_id.hex(), query.kind) == (TRACE, PARENT, Span.SPAN_KIND_SERVER)
    assert attributes(query) == about("query", "Funnels", QUERY, 7 * (1 + 53 + 100))
    batches = ["batch loss_reasons_of_funnels", "batch stages_of_funnels", "batch total_counts"]
    assert told.below(query) == ["BEGIN", "SELECT", *batches, "prepare"]
    assert attributes(told.named("batch total_counts")) == {"voronka.parents": 1}
    subscription = told.named("subscription Board")
    assert attributes(subscription) == about("subscription", "Board", BOARD, 1)
    assert told.below(told.named("message Board")) == []
    refused = [attributes(span)["voronka.error_codes"] for span in told.spans if span.name == "GraphQL"]
    assert [[one.string_value for one in codes.values] for codes in refused] == [
        ["GRAPHQL_VALIDATION_FAILED"], ["TOO_COSTLY"]
    ]  # fmt: skip
    everything = "".join(map(str, told.spans)) + str([attributes(span) for span in told.spans])
    for secret in (SECRET, owner.token, str(account.id), account.id.hex, funnel["id"]):
        assert secret not in everything


async def test_a_line_of_the_log_tells_of_an_operation(
    dsn: str, redis_url: str, tmp_path: Path, account: accounts.Account
) -> None:
    async with client.api(tmp_path, dsn, redis_url) as api:
        owner = Person(api, account.id, id := ids.new(), api.person(account.id, *Permission, user_id=id, name=SECRET))
        funnel = await owner.funnel(name=SECRET)
        await owner.ask(QUERY, {"search": SECRET})
        await owner.answer("{ nobody }")
        async with signed_in(f"127.0.0.1:{api.port}", owner.token) as socket:
            watching = await socket.watch(funnel["id"])
            await watching.next()
    lines = [re.sub(r"(\x1b\[\d*m)|ms=[\d.]+|seconds=\d+", "", line) for line in api.said.splitlines()]

    told = [" ".join(line.split()[3:]) for line in lines if "operation" in line or "socket" in line]

    assert told == [
        "operation cost=153 errors=[] kind=mutation name=None wire=http",
        "operation cost=1078 errors=[] kind=query name=Funnels wire=http",
        "operation errors=['GRAPHQL_VALIDATION_FAILED'] kind=none wire=http",
        "operation cost=1 errors=[] kind=subscription messages=1 name=Board wire=socket",
        "socket closed code=1000 messages=2",
    ]
    for secret in (SECRET, owner.token, str(account.id), str(owner.id), funnel["id"]):
        assert secret not in api.said
