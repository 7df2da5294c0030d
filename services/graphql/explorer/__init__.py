"""GraphiQL in a browser: the page at the address of the API, and its files under /explorer.

Bundled from npm by `npm run build` in this folder, and never loaded from elsewhere: the page may talk to nobody but
us. In production it is there only where introspection is allowed, since it lives by it.
"""

from pathlib import Path
from typing import cast

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from shared.config import Settings

DIST = Path(__file__).with_name("dist")

# Styles in the page are the editor's own: it measures text and places hints.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src data:;"
    " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
SAFE = {"content-security-policy": POLICY, "referrer-policy": "no-referrer", "x-content-type-options": "nosniff"}
FRESH = SAFE | {"cache-control": "no-cache"}
FOR_EVER = SAFE | {"cache-control": "public, max-age=31536000, immutable"}  # a name holds the hash of what is in it

NOT_BUILT = """\
<!doctype html>
<html lang="en">
<title>Voronka</title>
<h1>GraphiQL is not built</h1>
<p>The API works: it answers queries that are sent to this address by POST.</p>
<p><code>./dev up</code> builds GraphiQL while it starts: load this page again in a moment. By hand, in
<code>services/graphql/explorer</code>:</p>
<pre>npm ci &amp;&amp; npm run build</pre>
</html>
"""


async def page(request: Request) -> Response:
    """GraphiQL; how to build it, when nobody has; 405 where it is not served."""
    if not _is_served(request):
        return PlainTextResponse("Queries go here by POST.\n", 405, {"allow": "POST"})
    index = DIST / "index.html"
    if not index.is_file():
        return HTMLResponse(NOT_BUILT, headers=FRESH)
    return FileResponse(index, headers=FRESH)


async def home(request: Request) -> Response:
    """Where payers come back to who were given no other address; some providers send them by POST."""
    if not _is_served(request):
        return _nothing()
    return RedirectResponse("/graphql", 303)


async def asset(request: Request) -> Response:
    """One of the files that the page names. A path cannot leave their folder: the route takes no slash."""
    file = DIST / "assets" / request.path_params["name"]
    if not _is_served(request) or not file.is_file():
        return _nothing()
    return FileResponse(file, headers=FOR_EVER)


def _nothing() -> Response:
    return PlainTextResponse("There is nothing here.\n", 404)


def _is_served(request: Request) -> bool:
    settings = cast(Settings, request.app.state.settings)
    return settings.voronka_env != "production" or settings.introspection


routes = [Route("/", home, methods=["GET", "POST"]), Route("/explorer/{name}", asset)]
