"""What is asked by whoever balances, restarts and counts."""

from tests.client import Api


async def test_is_alive_and_ready(api: Api) -> None:
    alive = await api.request("GET", "/healthz")
    ready = await api.request("GET", "/readyz")

    assert (alive.status, alive.body) == (200, {"status": "alive"})
    assert (ready.status, ready.body) == (200, {"status": "ready"})


async def test_counts_operations_by_kind_and_outcome(api: Api) -> None:
    async def counted(line: str) -> float:
        metrics = await api.request("GET", "/metrics")
        assert (metrics.status, metrics.headers["content-type"].split(";")[0]) == (200, "text/plain")
        found = [text for text in metrics.text.splitlines() if text.startswith(line)]
        return float(found[0].rpartition(" ")[2]) if found else 0.0

    ok, errors = (
        'voronka_operations_total{kind="query",outcome="ok"}',
        'voronka_operations_total{kind="none",outcome="refused"}',
    )
    before = await counted(ok), await counted(errors)
    await api.graphql("{ viewer { user { id } } }", token=api.service())
    await api.graphql("{ nobody }")

    assert (await counted(ok), await counted(errors)) == (before[0] + 1, before[1] + 1)


async def test_shows_no_server_header_and_no_way_to_other_pages(api: Api) -> None:
    answer = await api.request("GET", "/nothing-here")

    assert answer.status == 404
    assert "server" not in answer.headers
