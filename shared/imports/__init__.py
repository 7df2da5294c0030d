"""Files of deals: kept in pieces, read batch by batch, each row taken once or rejected with a reason."""

from shared.imports.commands import (
    CHUNK,
    IMPORT,
    LONGEST_FILE_NAME,
    Cancellation,
    begin_upload,
    cancel,
    find,
    get,
    get_many,
    give_up_upload,
    keep_chunk,
    page,
    rejects,
    start,
)
from shared.imports.exporting import Columns, columns, rows, written
from shared.imports.model import Import, ImportPage, ImportState, Reject, RejectPage
from shared.imports.rows import NAMES
from shared.imports.running import give_up, go_on, run

__all__ = [
    "CHUNK",
    "IMPORT",
    "LONGEST_FILE_NAME",
    "NAMES",
    "Cancellation",
    "Columns",
    "Import",
    "ImportPage",
    "ImportState",
    "Reject",
    "RejectPage",
    "begin_upload",
    "cancel",
    "columns",
    "find",
    "get",
    "get_many",
    "give_up",
    "give_up_upload",
    "go_on",
    "keep_chunk",
    "page",
    "rejects",
    "rows",
    "run",
    "start",
    "written",
]
