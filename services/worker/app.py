"""The Celery app: it carries ids of jobs from Redis to processes that do them, and keeps nothing.

Messages are acknowledged at once and have no results: the job's row is the truth.
"""

from contextlib import suppress
from signal import SIGKILL
from typing import Any

from billiard.util import set_pdeathsig
from celery import Celery, signals

from shared import logs
from shared.config import settings

app = Celery("voronka", broker=settings().redis_url, include=["services.worker.tasks"])
app.conf.update(
    accept_content=["json"],
    task_serializer="json",
    task_ignore_result=True,
    task_acks_late=False,
    # No soft limit: it is an exception out of a signal, and an interrupted coroutine would go on in the next task.
    task_time_limit=45,
    worker_prefetch_multiplier=1,
    worker_disable_prefetch=True,
    worker_max_tasks_per_child=2_000,
    worker_hijack_root_logger=False,
    worker_redirect_stdouts=False,
    worker_enable_remote_control=False,
    worker_send_task_events=False,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    broker_transport_options={
        "socket_timeout": 5,
        "socket_connect_timeout": 3,
        "socket_keepalive": True,
        "health_check_interval": 10,
        "visibility_timeout": 300,
    },
)


def log_as_we_do(**_: Any) -> None:
    logs.configure(settings())


def end_with_celery(**_: Any) -> None:
    """A process that does jobs ends when Celery is killed: nobody would watch its time limit. The lease ends too."""
    with suppress(OSError):  # only Linux has it
        set_pdeathsig(SIGKILL)


signals.setup_logging.connect(log_as_we_do, weak=False)
signals.worker_process_init.connect(end_with_celery, weak=False)
