"""Fetches inputs that are not on a disk: web addresses, and `-` for standard input."""

import ipaddress
import re
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryDirectory
from typing import IO, TYPE_CHECKING, Any

from captioner.errors import (
    CaptionerError,
    FileMissingError,
    FileTooLargeError,
    UnsupportedFileError,
)

if TYPE_CHECKING:
    import httpx

STANDARD_INPUT = "-"
URL = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)
# No compressed responses are requested, since a small one could unpack to a huge file.
HEADERS = {
    "User-Agent": "captioner (https://pypi.org/project/captioner)",
    "Accept-Encoding": "identity",
}

MOST_BYTES = 200_000_000
"""Larger files are not fetched. A JPEG of 200 million pixels, the most that is read by default, has
about 100 MB.
"""
SILENCE_S = 10.0
"""How long a server may be silent."""
WHOLE_S = 120.0
"""How long it may take in all to fetch a file."""
MOST_REDIRECTS = 5
CHUNK_BYTES = 1 << 16


def is_elsewhere(file: str | Path) -> bool:
    """Tell whether a file is a web address or standard input; a `Path` is always on the disk."""
    return isinstance(file, str) and (file == STANDARD_INPUT or URL.match(file) is not None)


@cache
def fetched(file: str) -> Path:
    """Return a temporary file with the content of an address or of standard input.

    The content is fetched once and kept until the program ends.

    Raises:
        FileMissingError: It cannot be fetched.
        FileTooLargeError: It has more than `MOST_BYTES`.
        UnsupportedFileError: It is a web page, its scheme is not fetched, or a server redirects to
            a private address.
    """
    try:
        with NamedTemporaryFile(dir=_folder().name, delete=False) as target:
            if file == STANDARD_INPUT:
                _copy_standard_input(target)
            else:
                _fetch(file, target)
            return Path(target.name)
    except OSError as error:
        raise FileMissingError(
            file, f"cannot be kept in the folder of temporary files ({error})"
        ) from error


@cache
def _folder() -> "TemporaryDirectory[str]":
    return TemporaryDirectory(prefix="captioner-", ignore_cleanup_errors=True)


def _copy_standard_input(target: IO[bytes]) -> None:
    if sys.stdin is None:
        raise FileMissingError(STANDARD_INPUT, "standard input is closed: there is nothing to read")
    _copy(iter(lambda: sys.stdin.buffer.read(CHUNK_BYTES), b""), target, STANDARD_INPUT)


def _copy(
    chunks: Iterator[bytes], target: IO[bytes], name: str, until: float = float("inf")
) -> None:
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > MOST_BYTES:
            raise FileTooLargeError(
                name, f"more than {MOST_BYTES / 1e6:.0f} MB: make it smaller first"
            )
        target.write(chunk)
    if time.monotonic() > until:  # the connection was cut, which may look like the file's end
        raise _too_slow(name)


def _fetch(url: str, target: IO[bytes]) -> None:
    """Fetch an address and follow a few redirects, each of which is checked first."""
    scheme = url.partition(":")[0].lower()
    if scheme not in ("http", "https"):
        told = "give its path" if scheme == "file" else "fetch it first, and give its path"
        raise UnsupportedFileError(url, f"addresses of {scheme} are not fetched: {told}")
    import httpx

    until = time.monotonic() + WHOLE_S
    with (
        _fetch_errors(url, until),
        _cut_off_at(until) as extensions,
        httpx.Client(timeout=SILENCE_S, headers=HEADERS) as client,
    ):
        address = httpx.URL(url)
        for _ in range(MOST_REDIRECTS + 1):
            with client.stream("GET", address, extensions=extensions) as response:
                if response.next_request is None:
                    _check(response, url)
                    _copy(response.iter_raw(CHUNK_BYTES), target, url, until)
                    return
                address = response.next_request.url
            if address.host != httpx.URL(url).host and _is_private(address.host):
                raise UnsupportedFileError(
                    url, f"the server sends on to {address.host}, a private address; not fetched"
                )
    raise FileMissingError(url, f"the server sends on more than {MOST_REDIRECTS} times")


@contextmanager
def _cut_off_at(until: float) -> Iterator[dict[str, Any]]:
    """Yield request extensions that cut the connections at a given time.

    The client's own time-out does not limit the whole time, since it begins anew with each byte,
    also of headers.
    """
    streams: list[Any] = []

    def connected(event: str, info: dict[str, Any]) -> None:
        if event in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            streams.append(info["return_value"])
            if time.monotonic() > until:
                cut()

    def cut() -> None:
        for stream in streams:
            with suppress(OSError):  # it is closed already
                stream.get_extra_info("socket").shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(until - time.monotonic(), cut)
    timer.daemon = True
    timer.start()
    try:
        yield {"trace": connected}
    finally:
        timer.cancel()


@contextmanager
def _fetch_errors(url: str, until: float) -> Iterator[None]:
    """Turn the HTTP client's exceptions into the project's errors."""
    import httpx

    try:
        yield
    except CaptionerError:
        raise
    except httpx.TimeoutException as error:
        raise FileMissingError(
            url, f"the server did not answer within {SILENCE_S:.0f} s"
        ) from error
    # An ImportError means that a proxy needs a library that is not installed.
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, ImportError) as error:
        if time.monotonic() > until:
            raise _too_slow(url) from error
        raise FileMissingError(
            url, f"cannot be fetched ({error or type(error).__name__})"
        ) from error


def _too_slow(name: str) -> FileMissingError:
    return FileMissingError(name, f"not all of it came within {WHOLE_S:.0f} s")


def _check(response: "httpx.Response", url: str) -> None:
    if not response.is_success:
        raise FileMissingError(
            url, f"the server answers {response.status_code} {response.reason_phrase}".rstrip()
        )
    if response.headers.get("content-type", "").startswith("text/html"):
        raise UnsupportedFileError(url, "a web page: give the address of the file itself")
    if (packed := response.headers.get("content-encoding", "identity")) != "identity":
        raise UnsupportedFileError(url, f"the server sends it packed ({packed}), unasked")
    size = response.headers.get("content-length", "")
    if size.isdecimal() and int(size) > MOST_BYTES:
        raise FileTooLargeError(
            url, f"{int(size) / 1e6:.0f} MB, more than {MOST_BYTES / 1e6:.0f} MB are not fetched"
        )


def _is_private(host: str) -> bool:
    """Tell whether a host is this machine or is in a private network."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:  # an unknown host cannot be reached, except through a proxy that knows it
        return False
    return any(
        not ipaddress.ip_address(str(one[4][0]).partition("%")[0]).is_global for one in found
    )
