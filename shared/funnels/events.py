"""What happens to a funnel itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class FunnelChanged:
    """`changed`: name, viewers, stages, lossReasons, archived. What they are now is read where it is shown."""

    kind: ClassVar[str] = "FunnelChanged"
    version: ClassVar[int] = 1

    changed: tuple[str, ...]

    def payload(self) -> Mapping[str, object]:
        return {"changed": list(self.changed)}
