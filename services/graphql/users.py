"""The list of an account's people."""

import strawberry
from strawberry import UNSET

from services.graphql.accounts import Info, User
from services.graphql.pages import FIRST, Connection, connection, decode, read_search
from services.graphql.roots import query
from shared import accounts


@strawberry.type
class UsersQuery:
    @query(
        "People of the account by name, in Ukrainian order; also those who are not active any more. `search`: words, or"
        " parts of them, of names and e-mail addresses, in whatever case and with whatever accents."
    )
    async def users(
        self, info: Info, search: str | None = UNSET, first: int | None = FIRST, after: str | None = UNSET
    ) -> Connection[User]:
        ctx, place, wanted = info.context, decode(after or None), read_search(search or None, info.context.language)
        page = await ctx.read(lambda tx: accounts.people(tx, wanted, first or FIRST, place))

        async def count() -> int:
            return await ctx.read(lambda tx: accounts.count_people(tx, wanted))

        return connection(
            [User.of(user) for user in page.users], page.places, count, has_more=page.has_more, after=place
        )
