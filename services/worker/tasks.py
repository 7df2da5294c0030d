"""The one task: do a job. The message is the job's id, and no more than a hint."""

from uuid import UUID

from services.worker import runtime
from services.worker.app import app
from shared.hints import TASK


def run(job_id: str) -> None:
    runtime.do(UUID(job_id))


app.task(name=TASK)(run)
