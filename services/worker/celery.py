"""Celery as a process: `python -m services.worker.celery PARENT`. It ends with its parent, the worker.

SIGTERM lets it finish what it does: Celery's warm shutdown. Its soft one would wait the whole of its time-out.
"""

import os
import sys
import warnings
from contextlib import suppress
from signal import SIGTERM

from billiard.util import set_pdeathsig
from celery.exceptions import SecurityWarning

from services.worker.app import app
from shared.config import settings


def main(parent: int) -> None:
    with suppress(OSError):  # only Linux has it; elsewhere the supervisor ends us
        set_pdeathsig(SIGTERM)
    if os.getppid() != parent:  # it ended before we could ask
        return
    # Being root is dangerous to whoever unpickles; our messages are JSON.
    warnings.filterwarnings("ignore", category=SecurityWarning)
    worker = ["worker", "--pool", "prefork", "--concurrency", str(settings().voronka_worker_concurrency)]
    alone = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    name = ["--hostname", f"voronka-{os.getpid()}@%h"]
    app.start(["--quiet", *worker, *alone, *name])


if __name__ == "__main__":
    main(int(sys.argv[1]))
