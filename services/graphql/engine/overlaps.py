"""How much there is to compare where a document selects the same name again and again.

Validation compares every two selections of one name in one place (GraphQL, 5.3.2), fragments spread out: a document of
a few kilobytes keeps it busy for seconds. So the pairs are counted first.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from graphql import FieldNode, FragmentSpreadNode, InlineFragmentNode, SelectionSetNode

from services.graphql.engine.collect import Fragments


def count_pairs(selections: Sequence[SelectionSetNode], fragments: Fragments) -> int:
    """Pairs of fields that stand in one place under one name. No fragment may spread itself."""
    pairs = 0
    for fields in _by_name(selections, fragments).values():
        pairs += len(fields) * (len(fields) - 1) // 2
        below = [field.selection_set for field in fields if field.selection_set is not None]
        if below:
            pairs += count_pairs(below, fragments)
    return pairs


def _by_name(selections: Sequence[SelectionSetNode], fragments: Fragments) -> Mapping[str, list[FieldNode]]:
    """The fields of selections that are merged, by the names that they have in the answer."""
    found: defaultdict[str, list[FieldNode]] = defaultdict(list)
    spread: set[str] = set()
    waiting = list(selections)
    while waiting:
        for node in waiting.pop().selections:
            if isinstance(node, FieldNode):
                found[(node.alias or node.name).value].append(node)
            elif isinstance(node, InlineFragmentNode):
                waiting.append(node.selection_set)
            elif isinstance(node, FragmentSpreadNode) and node.name.value not in spread:
                spread.add(node.name.value)
                waiting.append(fragments[node.name.value].selection_set)
    return found
