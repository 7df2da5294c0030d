"""What a plan is made of: a selection of one type, its steps (fields), and what the type of a field allows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from graphql import FieldNode, GraphQLField, GraphQLLeafType

from services.graphql.engine.arguments import Arguments
from services.graphql.engine.fields import Batch
from services.graphql.engine.resolvers import Resolver

if TYPE_CHECKING:
    from services.graphql.engine.levels import Run

Object = dict[str, Any]
Write = Callable[["Run", "Step", Sequence["Object"], Sequence[Any]], None]
Make = Callable[["Run", Sequence[Any]], list[Any]]


@dataclass(frozen=True, slots=True)
class Shape:
    """Whether null may stand here, and, of a list, what its items are like."""

    nullable: bool
    item: "Shape | None" = None


@dataclass(frozen=True, slots=True)
class Loading:
    """How a batched field is loaded.

    `reads`: what it reads of its parents beyond what all have. `wants_reads`: it is told what will be read of its
    outcomes.
    """

    load: Batch
    reads: Sequence[str]
    wants_reads: bool


@dataclass(eq=False, slots=True)
class Step:
    """One field of a selection; where it is selected more than once, `nodes` are all of them.

    It has a `leaf` type or a `target`; a `constant` is `__typename`.
    """

    key: str
    parent: str
    nodes: list[FieldNode]
    shape: Shape
    definition: GraphQLField | None = None
    constant: str | None = None
    leaf: GraphQLLeafType | None = None
    target: "Target | None" = None
    attribute: str = ""
    arguments: Arguments | None = None  # of a batched field, or of one of the root
    loading: Loading | None = None
    resolver: Resolver | None = None  # of a field of the root; a subscription's has none: it shows the event as it is
    write: "Write | None" = None  # of a leaf: puts values that were loaded where they belong

    @property
    def name(self) -> str:
        return f"{self.parent}.{self.nodes[0].name.value}"


@dataclass(eq=False, slots=True)
class Selection:
    """What is asked of objects of one type: its function makes a dict of each."""

    cls: type
    steps: list[Step]
    make: Make


@dataclass(eq=False, slots=True)
class Target:
    """What a field's objects are asked for, by their classes; planned when the first of a class is met.

    An object type has only one selection, under `None`.
    """

    select: Callable[[type], Selection | None]
    is_abstract: bool
    known: dict[type | None, Selection | None] = field(default_factory=dict)

    def of(self, cls: type) -> Selection | None:
        """None when it may hold no objects of that class."""
        key = cls if self.is_abstract else None
        if key not in self.known:
            self.known[key] = self.select(cls)
        return self.known[key]

    def only(self) -> Selection:
        """An object type's."""
        selection = self.of(object)
        assert selection is not None
        return selection
