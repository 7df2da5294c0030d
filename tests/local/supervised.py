"""A supervisor of small shell scripts, for test_supervisor: FOLDER [ROLE NAME SCRIPT]… `$NAME` is the folder's."""

import os
import signal
import sys
from pathlib import Path

from services.local.children import Recipe
from services.local.errors import Refusal
from services.local.state import State
from services.local.supervisor import Supervisor


def main(folder: str, *words: str) -> None:
    state = State(Path(folder))
    state.take()
    supervisor = Supervisor(state, lambda sentence: print(sentence, flush=True))
    with supervisor.running():
        for role, name, script in zip(words[::3], words[1::3], words[2::3], strict=True):
            pidfile = state.run / f"{name}.pid" if role == "worker" else None
            env = {**os.environ, "DIR": folder, "PIDFILE": str(pidfile)}
            recipe = Recipe(
                role,
                name,
                ["/bin/sh", "-c", script],
                env,
                state.log(name),
                Path("/"),
                port=80 if role == "api" else None,
                last_wish=signal.SIGKILL,
                pidfile=pidfile,
            )
            supervisor.start(recipe)
        supervisor.wait("all of them", lambda: len(list(state.folder.glob("up-*"))) >= len(words) // 3)
        supervisor.ready = True
        print("ready", flush=True)
        supervisor.watch()


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except Refusal as refusal:
        sys.exit(str(refusal))
