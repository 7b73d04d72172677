"""Addresses and standard input are files; whatever a server does has a name, and nothing private
is reached by it.
"""

import io
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from captioner.errors import FileMissingError, FileTooLargeError, InputError, UnsupportedFileError
from captioner.preprocess import fetching
from captioner.preprocess.fetching import fetched, is_elsewhere
from captioner.preprocess.image import read_image
from captioner.preprocess.opening import open_regular

CONTENT = b"\xff\xd8\xff\xe0 a photo"


class Server(BaseHTTPRequestHandler):
    """Does at each path what the path says."""

    requests: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.requests.append(self.path)
        getattr(self, self.path.split("/")[1].partition("?")[0].replace(".", "_"))()

    def log_message(self, *_: object) -> None:
        pass

    def answer(self, status: int = 200, content: bytes = CONTENT, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content_Length": str(len(content)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)

    def photo_jpg(self) -> None:
        self.answer(Content_Type="image/jpeg")

    def missing(self) -> None:
        self.answer(404, b"nothing here")

    def broken(self) -> None:
        self.answer(500, b"")

    def page(self) -> None:
        self.answer(content=b"<html>", Content_Type="text/html; charset=utf-8")

    def large(self) -> None:
        self.answer(content=b"", Content_Length="1000000000000")

    def endless(self) -> None:
        self.send_response(200)
        self.end_headers()
        try:
            while True:
                self.wfile.write(bytes(1 << 16))
        except OSError:
            pass

    def bomb(self) -> None:
        import gzip

        self.answer(content=gzip.compress(bytes(10_000_000)), Content_Encoding="gzip")

    def bomb_of_bombs(self) -> None:
        self.answer(content=b"", Content_Encoding="br, gzip")

    def json(self) -> None:
        self.answer(content=b'{"error": "no such photo"}', Content_Type="application/json")

    def silent(self) -> None:
        time.sleep(40)

    def slow(self) -> None:
        self.send_response(200)
        self.end_headers()
        try:
            while True:
                self.wfile.write(b"x")
                time.sleep(0.1)
        except OSError:
            pass

    def slow_head(self) -> None:
        try:
            for sign in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 400:
                self.wfile.write(bytes([sign]))
                time.sleep(0.1)
        except OSError:
            pass

    def slow_end(self) -> None:
        """Say all, and leave open whether there is more."""
        self.send_response(200)
        self.end_headers()
        self.wfile.write(CONTENT)
        self.wfile.flush()
        time.sleep(40)

    def cut_off(self) -> None:
        self.answer(Content_Length="1000")

    def nonsense(self) -> None:
        self.wfile.write(b"not HTTP at all\r\n\r\n")

    def moved(self) -> None:
        self.answer(302, b"", Location="/photo.jpg")

    def round(self) -> None:
        self.answer(302, b"", Location="/round")

    def private(self) -> None:
        self.answer(302, b"", Location=self.path.partition("?")[2])


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Server) as running:
        running.daemon_threads = True
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()


@pytest.fixture(autouse=True)
def limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "MOST_BYTES", 1_000_000)
    monkeypatch.setattr(fetching, "SILENCE_S", 30.0)
    monkeypatch.setattr(fetching, "WHOLE_S", 60.0)
    monkeypatch.setenv("NO_PROXY", "*")


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("http://host/a.jpg", True),
        ("HTTPS://host", True),
        ("-", True),
        (Path("-"), False),
        ("./-", False),
        (Path("http://host/a.jpg"), False),
        ("file:///photos/a.jpg", True),
        ("s3://bucket/a.jpg", True),
        ("C://photos/a.jpg", False),
        ("http.jpg", False),
    ],
)
def test_text_may_be_an_address_and_a_path_never_is(file: str | Path, expected: bool) -> None:
    assert is_elsewhere(file) is expected


@pytest.mark.parametrize("path", ["photo.jpg", "photo.jpg?size=large#top", "moved"])
def test_an_address_is_fetched_once(server: str, path: str) -> None:
    Server.requests.clear()
    for _ in range(2):
        with open_regular(f"{server}/{path}", "photo") as stream:
            assert stream.read() == CONTENT
    assert Server.requests.count("/photo.jpg" + ("?size=large" if "?" in path else "")) == 1


@pytest.mark.parametrize(
    ("path", "error", "message"),
    [
        ("missing", FileMissingError, "the server answers 404 Not Found"),
        ("broken", FileMissingError, "the server answers 500"),
        ("page", UnsupportedFileError, "a web page: give the address of the file itself"),
        ("large", FileTooLargeError, "1000000 MB, more than 1 MB"),
        ("endless", FileTooLargeError, "more than 1 MB"),
        ("bomb", UnsupportedFileError, "packed (gzip), unasked"),
        ("bomb_of_bombs", UnsupportedFileError, "packed (br, gzip), unasked"),
        ("cut_off", FileMissingError, "cannot be fetched"),
        ("nonsense", FileMissingError, "cannot be fetched"),
        ("round", FileMissingError, "sends on more than 5 times"),
        ("private?http://localhost:1/a.jpg", UnsupportedFileError, "localhost, a private address"),
        ("private?http://10.0.0.1/a.jpg", UnsupportedFileError, "10.0.0.1, a private address"),
        (
            "private?http://169.254.169.254/latest/meta-data",
            UnsupportedFileError,
            "a private address",
        ),
        ("private?http://[::1]/a.jpg", UnsupportedFileError, "a private address"),
        ("private?http://[::ffff:192.168.0.1]/a.jpg", UnsupportedFileError, "a private address"),
        ("private?http://0x7f000002/a.jpg", UnsupportedFileError, "a private address"),
        ("private?file:///etc/passwd", FileMissingError, "cannot be fetched"),
        ("private?ftp://host/a.jpg", FileMissingError, "cannot be fetched"),
    ],
)
def test_whatever_a_server_does_has_a_name(
    server: str, path: str, error: type[InputError], message: str
) -> None:
    with pytest.raises(error) as caught:
        fetched(f"{server}/{path}")
    assert message in str(caught.value)
    assert caught.value.file == f"{server}/{path}"


@pytest.mark.parametrize(
    ("path", "limit", "message"),
    [
        ("silent", "SILENCE_S", "did not answer within 1 s"),
        ("slow", "WHOLE_S", "not all of it came within 1 s"),
        ("slow_head", "WHOLE_S", "not all of it came within 1 s"),
        ("slow_end", "WHOLE_S", "not all of it came within 1 s"),
    ],
)
def test_a_server_that_takes_its_time_is_not_waited_for(
    server: str, monkeypatch: pytest.MonkeyPatch, path: str, limit: str, message: str
) -> None:
    """What is cut off is no whole photo, even if the end of the connection is the end of it."""
    monkeypatch.setattr(fetching, limit, 1.0)
    started = time.monotonic()
    with pytest.raises(FileMissingError, match=message):
        fetched(f"{server}/{path}")
    assert time.monotonic() - started < 20  # they would take 30 s and more


def test_what_is_fetched_is_judged_by_its_content(server: str) -> None:
    with pytest.raises(UnsupportedFileError, match="not a photo"):
        read_image(f"{server}/json")


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:1", "http://127.0.0.1:1", "nonsense://x"])
def test_a_proxy_that_cannot_be_used_has_a_name(
    monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ALL_PROXY", proxy)
    with pytest.raises(FileMissingError, match="cannot be fetched"):
        fetched(f"http://host.invalid/{proxy[:4]}.jpg")


@pytest.mark.parametrize(
    "url", ["http://", "http://[broken", "http://nowhere.invalid/a.jpg", "http://127.0.0.1:1/a"]
)
def test_an_address_where_no_server_is_has_a_name(url: str) -> None:
    with pytest.raises(FileMissingError, match="cannot be fetched"):
        fetched(url)


@pytest.mark.parametrize(
    ("url", "told"),
    [("file:///p/a.jpg", "of file .*: give its path"), ("S3://bucket/a.jpg", "of s3 .*: fetch it")],
)
def test_an_address_that_is_not_fetched_says_what_would_do(url: str, told: str) -> None:
    with pytest.raises(UnsupportedFileError, match=told):
        fetched(url)


def test_a_public_host_that_sends_on_to_this_machine_is_not_followed(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its name alone: what the name leads to is asked first."""
    port = int(server.rpartition(":")[2])
    lookup = socket.getaddrinfo

    def public(host: object, *arguments: object, **options: object) -> list[object]:
        return lookup(
            "127.0.0.1" if host in ("public.example", "inside.example") else host,
            *arguments,
            **options,
        )

    monkeypatch.setattr(socket, "getaddrinfo", public)
    with pytest.raises(UnsupportedFileError, match=r"inside\.example, a private address"):
        fetched(f"http://public.example:{port}/private?http://inside.example:{port}/photo.jpg")


class Input:
    def __init__(self, content: bytes) -> None:
        self.buffer = io.BytesIO(content)


def test_standard_input_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    fetched.cache_clear()
    monkeypatch.setattr("sys.stdin", Input(CONTENT))
    for _ in range(2):
        with open_regular("-", "photo") as stream:
            assert stream.read() == CONTENT
    fetched.cache_clear()
    monkeypatch.setattr("sys.stdin", Input(bytes(2_000_000)))
    with pytest.raises(FileTooLargeError, match="more than 1 MB"):
        fetched("-")
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(FileMissingError, match="standard input is closed"):
        fetched("-")
    fetched.cache_clear()
