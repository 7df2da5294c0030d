"""`./dev up`: servers, migrations, the demo account, API processes and workers, until Ctrl-C."""

import http.client
import os
import resource
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from services.local import binaries, explorer, leftovers, ports, tokens, unprivileged
from services.local.children import Recipe
from services.local.errors import Refusal
from services.local.newcomer import Newcomer
from services.local.paths import ROOT
from services.local.postgres import Postgres
from services.local.state import MARK, Secrets, State
from services.local.supervisor import Supervisor
from services.local.valkey import Valkey
from shared.actor import Permission

API = ["uvicorn", "services.graphql.app:app", "--host", "127.0.0.1", "--lifespan", "on", "--no-access-log"]
API += ["--log-level", "warning"]  # of a socket it would say twice what our own line says once
API += ["--loop", "uvloop", "--http", "httptools", "--ws", "websockets-sansio", "--no-server-header"]
API += ["--ws-per-message-deflate", "false", "--ws-max-size", "131072", "--timeout-graceful-shutdown", "10"]

MONTH = 30 * 86_400  # seconds
LAST_PORT = 65_535
MOST_FILES = 1_048_576  # where the hard limit is none
OURS_ALONE = (MARK, "VORONKA_EMBEDDED", "VORONKA_PG_BIN", "VORONKA_VALKEY_BIN", "VORONKA_CELERY_PIDFILE")


@dataclass(frozen=True)
class Options:
    state: Path
    port: int = 8000
    apis: int = 1
    workers: int = 1
    demo: bool = True

    @property
    def ports(self) -> range:
        return range(self.port, self.port + self.apis)


def up(options: Options) -> None:
    """Raises Refusal when it cannot go on."""
    began = time.monotonic()
    given = {name: os.environ[name] for name in ("DATABASE_URL", "REDIS_URL") if os.environ.get(name)}
    if os.environ.get("VORONKA_ENV") == "production" and len(given) < 2:
        raise Refusal("VORONKA_ENV=production does not run on embedded servers: give DATABASE_URL and REDIS_URL.")
    state = State(options.state)
    secrets = state.take()
    raise_file_limit()
    leftovers.end(state)
    if options.ports[-1] > LAST_PORT:
        raise Refusal(f"There is no port {options.ports[-1]}.")
    for port in options.ports:
        if not ports.is_free(port):
            raise Refusal(f"Port {port} is taken by another program: choose another with --port.")
    supervisor = Supervisor(state, say)
    with supervisor.running(), explorer.building(state):
        settings = make_settings(options, secrets, given | start_servers(supervisor, state, secrets, given))
        state.write_env(settings)
        env = dict(os.environ) | settings | {MARK: str(state.folder), "PYTHONSAFEPATH": "1", "PYTHONUNBUFFERED": "1"}
        supervisor.run(module(state, "migrate", ["shared.migrate"], env))
        wanted = options.demo and settings["VORONKA_ENV"] != "production"
        demo = fill_demo(supervisor, state, env) if wanted else None
        start_services(supervisor, state, options, env)
        supervisor.ready = True
        tell(options, state, settings, demo)
        print(f"ready in {time.monotonic() - began:.1f} s: Ctrl-C stops everything", flush=True)
        supervisor.watch()


def start_servers(supervisor: Supervisor, state: State, secrets: Secrets, given: Mapping[str, str]) -> dict[str, str]:
    """The ones that are not given; both start at once. Their addresses."""
    urls = {}
    postgres = valkey = None
    if "DATABASE_URL" not in given:
        place = unprivileged.find_place(binaries.postgres(), state.folder, secrets.id)
        postgres = Postgres(place, secrets.postgres_port, secrets.postgres_password)
        postgres.create()
        postgres.clean_up()
        postgres = postgres.at(free(postgres.port))
        supervisor.start(postgres.recipe(state.log("postgres")))
        urls["DATABASE_URL"] = postgres.url
    if "REDIS_URL" not in given:
        valkey = Valkey(binaries.valkey(), state.folder / "valkey", free(secrets.valkey_port), secrets.valkey_password)
        valkey.configure()
        supervisor.start(valkey.recipe(state.log("valkey")))
        urls["REDIS_URL"] = valkey.url
    if postgres is not None:
        supervisor.wait(f"PostgreSQL ({state.log('postgres')})", postgres.answers)
    if valkey is not None:
        supervisor.wait(f"Valkey ({state.log('valkey')})", valkey.answers)
    return urls | ({"VORONKA_EMBEDDED": "1"} if urls else {})


def free(port: int) -> int:
    """The port that is kept, unless another program has taken it meanwhile."""
    return port if ports.is_free(port) else ports.choose()


def make_settings(options: Options, secrets: Secrets, urls: Mapping[str, str]) -> dict[str, str]:
    """What the services are told, and whoever reads run/env. The environment has the last word but for the servers."""
    settings = {
        "VORONKA_ENV": "development",
        "VORONKA_JWT_SECRET": secrets.jwt_secret,
        "VORONKA_JWT_ISSUER": "crm",
        "VORONKA_JWT_AUDIENCE": "voronka",
        "VORONKA_SECRET_KEY": secrets.secret_key,
        "VORONKA_PUBLIC_URL": f"http://127.0.0.1:{options.port}",
    }
    settings |= {
        name: value
        for name, value in os.environ.items()
        if name.startswith("VORONKA_") and name not in OURS_ALONE and value and "\n" not in value
    }
    if "VORONKA_EMBEDDED" not in urls and os.environ.get("DATABASE_DIRECT_URL"):
        settings["DATABASE_DIRECT_URL"] = os.environ["DATABASE_DIRECT_URL"]
    return {**settings, **urls}


def module(
    state: State, role: str, arguments: Sequence[str], env: Mapping[str, str], name: str = "", port: int | None = None
) -> Recipe:
    """A Python module of ours, or of a library, as a child."""
    name = name or role
    pidfile = state.run / f"{name.replace('worker', 'celery')}.pid" if role == "worker" else None
    own = {"VORONKA_CELERY_PIDFILE": str(pidfile)} if pidfile else {}
    command = [sys.executable, "-P", "-m", *arguments]
    return Recipe(role, name, command, {**env, **own}, state.log(name), ROOT, port=port, pidfile=pidfile)


def fill_demo(supervisor: Supervisor, state: State, env: Mapping[str, str]) -> Newcomer:
    """In a process of its own: the supervisor keeps to one thread and few modules."""
    recipe = module(state, "demo", ["services.local.demo"], env)
    supervisor.run(recipe)
    return Newcomer.from_json(recipe.log.read_text().splitlines()[-1])


def start_services(supervisor: Supervisor, state: State, options: Options, env: Mapping[str, str]) -> None:
    workers = []
    for port in options.ports:
        supervisor.start(module(state, "api", [*API, "--port", str(port)], env, name=f"api-{port}", port=port))
    for number in range(1, options.workers + 1):
        recipe = module(state, "worker", ["services.worker"], env, name=f"worker-{number}")
        if recipe.pidfile is not None:
            recipe.pidfile.unlink(missing_ok=True)
        supervisor.start(recipe)
        workers.append(recipe)
    for port in options.ports:
        supervisor.wait(f"the API on port {port} ({state.log(f'api-{port}')})", partial(is_ready, port))
    for recipe in workers:
        supervisor.wait(f"{recipe.name} ({recipe.log})", partial(supervisor.has_inner, recipe.name))


def is_ready(port: int) -> bool:
    with (
        closing(http.client.HTTPConnection("127.0.0.1", port, timeout=2)) as conn,
        suppress(OSError, http.client.HTTPException),
    ):
        conn.request("GET", "/readyz")
        return conn.getresponse().status == 200
    return False


def tell(options: Options, state: State, settings: Mapping[str, str], demo: Newcomer | None) -> None:
    """Where to look."""
    token = None
    if demo is not None:
        everything = [permission for permission in Permission if permission is not Permission.ACCOUNTS_MANAGE]
        token = tokens.person(settings, demo.account, demo.user, demo.name, everything, MONTH)
    for port in options.ports:
        # Behind a # it stays in the browser: no server is told, and no log.
        print(f"GraphiQL  http://127.0.0.1:{port}/graphql{f'#token={token}' if token else ''}")
    if demo is not None:
        print(f"Token     {token}\n          {demo.name}, account {demo.account}")
    print(f"Logs      {state.folder / 'log'}\nAddresses and secrets  {state.env_file}", flush=True)


def raise_file_limit() -> None:
    """A live board is an open socket; many systems begin at 1,024 files or at 256."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else hard
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def say(sentence: str) -> None:
    with suppress(OSError):  # nobody listens any more: that ends nothing
        print(f"dev: {sentence}", file=sys.stderr, flush=True)
