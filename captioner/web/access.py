"""Decides who may use a server: this machine alone, or everyone who knows a password."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from captioner.errors import UsageError

PASSWORD_VARIABLE = "CAPTIONER_PASSWORD"
PAST_PROXIES = {"NO_PROXY": "*", "no_proxy": "*"}
"""The environment in which Gradio asks the page itself, on this machine, whether it has started.
With proxies, its import fails where one is of a kind that httpx does not know.
"""
LOCAL = ("127.0.0.1", "localhost", "::1")


def needed_password() -> str | None:
    """Return the password that the environment sets; None where there is none."""
    return os.environ.get(PASSWORD_VARIABLE) or None


def warning_of(host: str) -> str | None:
    """Return what to tell whoever serves to an address; None where only those can come who may."""
    if host in LOCAL or needed_password():
        return None
    return f"anyone who reaches {host} may use it; {PASSWORD_VARIABLE} sets a password"


def listening(host: str, port: int) -> socket.socket:
    """Bind an address, before anything is loaded for nothing.

    Args:
        host: A name, or an address.
        port: 0: any that is free.

    Raises:
        UsageError: It cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.socket(family)
        if os.name == "posix":  # elsewhere it would let two servers have one port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except (OSError, UnicodeError) as error:  # no such address, or no name at all
        why = getattr(error, "strerror", None) or error
        raise UsageError(f"{host}, port {port}: cannot be had ({why}); choose another") from error
    return listener


@contextmanager
def environment(**values: str) -> Iterator[None]:
    """Set variables of the environment while the block runs."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
