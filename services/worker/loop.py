"""The event loop of a worker's processes: the quicker one, where there is one."""

import sys

if sys.platform == "win32":
    from asyncio import new_event_loop as new_loop
else:
    from uvloop import new_event_loop as new_loop

__all__ = ["new_loop"]
