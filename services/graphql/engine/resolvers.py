"""How the function of a root's field is called: as Strawberry does it, without the layers that it keeps around each call
for extensions and permissions. The schema has none of them, which a test holds.
"""

from collections.abc import Mapping
from typing import Any

from graphql import GraphQLResolveInfo, GraphQLSchema
from graphql.pyutils import is_awaitable
from strawberry.types.field import StrawberryField

from services.graphql.engine.arguments import converter_of


class Resolver:
    """Of one field."""

    def __init__(self, schema: GraphQLSchema, field: StrawberryField) -> None:
        own = field.base_resolver
        assert own is not None
        self._field = field
        self._function: Any = own.wrapped_func
        self._takes_root, self._info = own.self_parameter is not None, own.info_parameter
        converter = converter_of(schema)
        self._make_info = converter.config.info_class
        self._handlers = converter._get_field_exception_handlers(field)  # noqa: SLF001  # it has no other name

    async def __call__(self, root: object, asked: GraphQLResolveInfo[Any], arguments: Mapping[str, Any]) -> Any:
        """What it answers with; or, of a refusal that its type has a member for, that. Raises all else."""
        info = self._make_info(_raw_info=asked, _field=self._field)
        given = {self._info.name: info, **arguments} if self._info else arguments
        try:
            value = self._function(root, **given) if self._takes_root else self._function(**given)
            return await value if is_awaitable(value) else value
        except Exception as failure:
            for refusals, handler in self._handlers:
                if isinstance(failure, refusals):
                    return handler.handle(failure, field=self._field, info=info)
            raise
