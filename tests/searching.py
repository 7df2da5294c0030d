"""How property tests search whose every example asks a database a hundred times.

Making a failing example smaller would run a thousand more: minutes in which nobody knows that a test fails. It is told
as it was found, with the line that brings it again; with VORONKA_SHRINK=1 it is made smaller first.
"""

import os

from hypothesis import Phase, settings

FOUND_IS_ENOUGH = (Phase.explicit, Phase.reuse, Phase.generate)

SEARCH = settings(
    deadline=None, print_blob=True, phases=tuple(Phase) if os.environ.get("VORONKA_SHRINK") else FOUND_IS_ENOUGH
)
