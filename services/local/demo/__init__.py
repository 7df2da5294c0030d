"""The demo account that `./dev up` shows to a newcomer. Filled through the commands, as its people would have done it.

Filling it again changes nothing that somebody has done in it since.
"""

from services.local.demo.agency import ACCOUNT, GOODS, OWNER, PEOPLE, SERVICES, Person, Trade
from services.local.demo.fill import fill

__all__ = ["ACCOUNT", "GOODS", "OWNER", "PEOPLE", "SERVICES", "Person", "Trade", "fill"]
