"""Ports of the loopback. A port is kept for good, so that addresses stay true over restarts."""

import random
import socket

# Below the range that clients are given by the system: a client that calls a server which is just down could
# otherwise be given that server's port, and keep it from coming back.
FREE = range(20_000, 32_000)


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def choose() -> int:
    while not is_free(port := random.choice(FREE)):
        pass
    return port
