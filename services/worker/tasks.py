"""The one task: do some jobs. The message is their ids, and no more than a hint."""

from uuid import UUID

from services.worker import runtime
from services.worker.app import app
from shared.hints import TASK


def run(*job_ids: str) -> None:
    runtime.do([UUID(id) for id in job_ids])


app.task(name=TASK)(run)
