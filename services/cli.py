"""What `./dev` hands over to. Each command is a few lines: the work is done in services/local.

A command imports what it needs, so that none waits for the product to be loaded but those that use it.
"""

import asyncio
import os
import sys
from datetime import datetime
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from services.local.errors import Refusal
from services.local.paths import ROOT
from services.local.state import State

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

StateFolder = Annotated[Path, typer.Option("--state", metavar="DIR", help="Where data, secrets and logs are kept.")]
DEFAULT_STATE = ROOT / ".data"
HOUR = 3_600


@app.callback()
def main() -> None:
    """Voronka: sales funnels with live boards."""


@app.command("up")
def run_up(
    state: StateFolder = DEFAULT_STATE,
    port: Annotated[int, typer.Option(min=1, max=65_535, help="Where the API listens.")] = 8000,
    api: Annotated[int, typer.Option(min=1, max=64, help="API processes, on consecutive ports.")] = 1,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Workers.")] = 1,
    demo: Annotated[bool, typer.Option("--demo/--no-demo", help="Fill a demo account.")] = True,
) -> None:
    """Run everything on this machine: PostgreSQL, Valkey, the API and a worker."""
    from services.local import up

    up.up(up.Options(state, port, api, workers, demo))


@app.command()
def migrate(state: StateFolder = DEFAULT_STATE) -> None:
    """Bring the database of DATABASE_URL, or of what runs here, to the newest schema."""
    from shared.migrate import migrate as bring_up_to_date

    done = asyncio.run(bring_up_to_date(_database(state)))
    print("\n".join(f"applied {name}" for name in done) or "nothing to apply")


dead_letters = typer.Typer(no_args_is_help=True, help="What was given up, to be looked at and done again.")
app.add_typer(dead_letters, name="dead")


@dead_letters.command("list")
def list_dead(state: StateFolder = DEFAULT_STATE) -> None:
    """Print the jobs and the payment callbacks that were given up, and why."""
    from services.local import dead

    print("\n".join(asyncio.run(dead.listed(_database(state)))) or "nothing is dead")


@dead_letters.command()
def replay(id: UUID, state: StateFolder = DEFAULT_STATE) -> None:
    """Do one of them once more."""
    from services.local import dead

    if not asyncio.run(dead.replayed(_database(state), id)):
        raise Refusal(f"Nothing dead has the id {id}.")


def _database(state: Path) -> str:
    env = State(state).read_env() | os.environ
    url = env.get("DATABASE_DIRECT_URL") or env.get("DATABASE_URL")
    if not url:
        raise Refusal("No database: give DATABASE_URL, or start ./dev up.")
    return url


@app.command()
def price(
    module: Annotated[str, typer.Argument(help="The module's code: sales_funnel.")],
    interval: Annotated[str, typer.Argument(help="MONTH, QUARTER or YEAR.")],
    amount: Annotated[str, typer.Argument(help="For the whole interval: 550.00.")],
    since: Annotated[
        datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="The first day on which it is in force.")
    ],
    currency: Annotated[str, typer.Option(help="ISO 4217.")] = "UAH",
    state: StateFolder = DEFAULT_STATE,
) -> None:
    """Set a new price, at least 30 days ahead: quotes and renewals go by it from then on."""
    from services.local import prices

    url = (State(state).read_env() | os.environ).get("DATABASE_URL")
    if not url:
        raise Refusal("No database: give DATABASE_URL, or start ./dev up.")
    version = asyncio.run(prices.set_price(url, module, interval, amount, currency, since.date()))
    print(f"version {version}")


@app.command()
def token(
    account: Annotated[UUID | None, typer.Option(help="The account's id.")] = None,
    user: Annotated[UUID | None, typer.Option(help="The user's id.")] = None,
    name: Annotated[str, typer.Option(help="The user's name.")] = "",
    permissions: Annotated[str, typer.Option(metavar="A,B", help="What the user may do.")] = "",
    locale: Annotated[str | None, typer.Option(help="The language of messages: uk or en.")] = None,
    service: Annotated[bool, typer.Option("--service", help="The host CRM's own token instead.")] = False,
    ttl: Annotated[int, typer.Option(min=1, metavar="SECONDS", help="How long it is good.")] = 12 * HOUR,
    state: StateFolder = DEFAULT_STATE,
) -> None:
    """Print a JWT as the host CRM would make it, signed with the secret of what runs here."""
    from services.local import tokens

    env = State(state).read_env() | os.environ
    if service:
        print(tokens.service(env, ttl))
        return
    if account is None or user is None or not name:
        raise Refusal("A person's token needs --account, --user and --name; the host CRM's own needs --service.")
    print(tokens.person(env, account, user, name, tokens.read_permissions(permissions), ttl, locale))


@app.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(help="A CSV or XLSX of at most 50 MB.")],
    funnel: Annotated[UUID, typer.Option(help="The funnel's id.")],
    account: Annotated[UUID | None, typer.Option(help="The account's id; default: the demo's.")] = None,
    user: Annotated[UUID | None, typer.Option(help="Who brings the file; default: the demo's owner.")] = None,
    name: Annotated[str | None, typer.Option(help="The user's name.")] = None,
    url: Annotated[str | None, typer.Option(help="Where the API is; default: what runs here.")] = None,
    state: StateFolder = DEFAULT_STATE,
) -> None:
    """Make deals of a file's rows, with a progress bar. Without an account: in the demo's, as its owner."""
    from services.local import demo, importing, tokens

    kept = State(state)
    everything = tokens.read_permissions("FUNNELS_MANAGE,DEALS_WRITE")
    signed = tokens.person(
        kept.read_env() | os.environ,
        account or demo.ACCOUNT,
        user or demo.OWNER.id,
        name or demo.OWNER.name,
        everything,
        HOUR,
    )
    importing.bring(url or importing.address_of(kept), signed, file, str(funnel))


@app.command("bench")
def run_bench(
    quick: Annotated[bool, typer.Option("--quick", help="A few minutes instead of a quarter of an hour.")] = False,
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="CASE", help="That alone, such as MOVE. A name that is none is answered with all."),
    ] = None,
    json: Annotated[Path | None, typer.Option(metavar="FILE", help="Keep the figures there.")] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print them for a README.")] = False,
) -> None:
    """Measure what the product costs beside its limits, on servers of its own."""
    from services.local import bench

    bench.bench(bench.Options(quick, only or (), json, markdown))


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []})
def test(context: typer.Context) -> None:
    """Run the checks, then the tests on servers of their own. What follows goes to pytest."""
    from services.local import testing

    raise typer.Exit(testing.test(context.args))


@app.command()
def check() -> None:
    """Run ruff, mypy, import-linter, and graphql-eslint on the schema."""
    from services.local import checks

    if not checks.check():
        raise typer.Exit(1)


@app.command()
def lock(upgrade: Annotated[bool, typer.Option("--upgrade", help="Take the newest versions.")] = False) -> None:
    """Write requirements/*.lock anew from pyproject.toml."""
    from services.local import locks

    locks.lock(upgrade=upgrade)


def run() -> None:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that lacks our letters shows the rest
    try:
        app(prog_name="./dev")
    except Refusal as refusal:
        sys.exit(f"dev: {refusal}")


if __name__ == "__main__":
    run()
