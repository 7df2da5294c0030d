"""The language of messages: the token's, else what the client accepts, else the account's."""

from shared.errors import LANGUAGES

FALLBACK = "en"


def choose(token: str | None, accepted: str | None, account: str | None) -> str:
    """The first of them that we speak. `accepted`: an Accept-Language header (RFC 9110, 12.5.4)."""
    wanted = [token, *_by_preference(accepted or ""), account]
    for tag in wanted:
        language = tag.replace("_", "-").split("-")[0].strip().lower() if tag else ""
        if language in LANGUAGES:
            return language
    return FALLBACK


def _by_preference(header: str) -> list[str]:
    tags = []
    for part in header[:1_000].split(","):
        tag, _, parameter = part.partition(";")
        weight = parameter.strip().removeprefix("q=") if parameter else "1"
        try:
            quality = float(weight)
        except ValueError:
            continue
        if quality > 0:
            tags.append((quality, tag.strip()))
    return [tag for _, tag in sorted(tags, key=lambda one: -one[0])]
