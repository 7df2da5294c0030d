"""What is noted of an operation that did not come to its end."""

from typing import Any, cast

import pytest
from starlette.websockets import WebSocketDisconnect
from structlog.testing import capture_logs

from services.graphql.attempt import Attempt
from services.graphql.live.wire import Stalled
from shared.errors import Unavailable


@pytest.mark.parametrize(
    ("failure", "codes"),
    [
        (WebSocketDisconnect(1006), []),
        (Stalled(), []),
        (Unavailable(), ["UNAVAILABLE"]),
        (ZeroDivisionError(), ["INTERNAL_SERVER_ERROR"]),
    ],
)
def test_only_what_failed_is_noted_as_a_failure(failure: Exception, codes: list[str]) -> None:
    nothing = cast("Any", None)
    with capture_logs() as lines, pytest.raises(type(failure)), Attempt(nothing, nothing, "socket"):
        raise failure

    assert [line["errors"] for line in lines] == [codes]
