"""Ports on the loopback address.

Free ports are taken below the range the kernel hands to outgoing connections: a client that
retries against a killed server on such a port can connect to itself and keep the server from
coming back.
"""

import random
import socket

LOOPBACK = "127.0.0.1"
_FIRST, _LAST = 20_000, 32_000


def is_free(port: int) -> bool:
    """Whether a server can bind the port on the loopback address now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """A port nobody listens on. Two calls rarely agree, so callers may take several at once."""
    for port in random.sample(range(_FIRST, _LAST), 500):
        if is_free(port):
            return port
    raise RuntimeError(f"No free port between {_FIRST} and {_LAST} on {LOOPBACK}; stop a server.")


def accepts_connections(port: int) -> bool:
    """Whether somebody answers on the port."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        return probe.connect_ex((LOOPBACK, port)) == 0
