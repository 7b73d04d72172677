"""Decides who may use a server: this machine alone, or everyone who knows a password."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from captioner.errors import UsageError

PASSWORD_VARIABLE = "CAPTIONER_PASSWORD"
PAST_PROXIES = {"NO_PROXY": "*", "no_proxy": "*"}
"""Environment variables that bypass all proxies. Gradio needs them when it asks the page, on this
machine, whether it has started; its import also fails if a proxy is of a kind unknown to httpx.
"""
LOCAL = ("127.0.0.1", "localhost", "::1")


def needed_password() -> str | None:
    """Return the password that the environment sets; None if it sets none."""
    return os.environ.get(PASSWORD_VARIABLE) or None


def warning_of(host: str) -> str | None:
    """Return a warning about serving to an address; None if it is local or a password is set."""
    if host in LOCAL or needed_password():
        return None
    return f"anyone who reaches {host} may use it; {PASSWORD_VARIABLE} sets a password"


def listening(host: str, port: int) -> socket.socket:
    """Return a socket bound to an address, to find a bad address before models are loaded.

    Args:
        host: A name, or an address.
        port: The port; 0 for any that is free.

    Raises:
        UsageError: The address cannot be bound.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.socket(family)
        if os.name == "posix":  # on Windows it would let two servers share a port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except (OSError, UnicodeError) as error:  # no such address, or no name at all
        why = getattr(error, "strerror", None) or error
        raise UsageError(f"{host}, port {port}: cannot be had ({why}); choose another") from error
    return listener


@contextmanager
def environment(**values: str) -> Iterator[None]:
    """Set environment variables while the block runs."""
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
