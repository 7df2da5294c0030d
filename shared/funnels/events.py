"""What happens to a funnel itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from shared.funnels.facts import FunnelState


@dataclass(frozen=True)
class FunnelChanged:
    """`changed`: name, viewers, stages, lossReasons, archived. `state`: the whole funnel as of then.

    Version 1 had no state, and only viewers could change.
    """

    kind: ClassVar[str] = "FunnelChanged"
    version: ClassVar[int] = 2

    changed: tuple[str, ...]
    state: FunnelState

    def payload(self) -> Mapping[str, object]:
        return {"changed": list(self.changed), "funnel": self.state.to_json()}
