"""Who may use what is served: this machine alone, or whoever knows a password."""

import os

PASSWORD_VARIABLE = "CAPTIONER_PASSWORD"
LOCAL = ("127.0.0.1", "localhost", "::1")


def needed_password() -> str | None:
    """Return the password that the environment sets; None where there is none."""
    return os.environ.get(PASSWORD_VARIABLE) or None


def warning_of(host: str) -> str | None:
    """Return what to tell whoever serves to an address; None where only those can come who may."""
    if host in LOCAL or needed_password():
        return None
    return f"anyone who reaches {host} may use it; {PASSWORD_VARIABLE} sets a password"
