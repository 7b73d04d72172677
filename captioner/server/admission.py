"""Limits how many requests, and how many bytes of them, the server holds at once.

Requests beyond that are refused with a message, and their bodies are not read.
"""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from captioner.errors import FileTooLargeError, OverloadedError
from captioner.server.failures import error_response
from captioner.web.limits import Limits

BASE64 = 4 / 3  # bytes of JSON for one byte of a photo
FIELDS_BYTES = 100_000  # all fields of a request beside the photo


class Admission:
    """Counts the requests that bring something, and their bytes.

    Args:
        app: What answers them.
        limits: Of waiting requests, of one photo, and of all that is held at once
            (`unpacked_bytes`).
    """

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self._app = app
        self._limits = limits
        self._most_bytes = int(BASE64 * limits.file_bytes) + FIELDS_BYTES
        self._num_inside = 0
        self._bytes_inside = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or say why not."""
        if scope["type"] != "http" or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        try:
            self._check(dict(scope["headers"]).get(b"content-length", b"0"))
        except (FileTooLargeError, OverloadedError) as error:
            await error_response(error)(scope, receive, send)
            return
        size = 0

        async def counted() -> Message:
            nonlocal size
            message = await receive()
            length = len(message.get("body", b""))
            size += length
            self._bytes_inside += length
            self._check_bytes(size)
            return message

        self._num_inside += 1
        try:
            await self._app(scope, counted, send)
        finally:
            self._num_inside -= 1
            self._bytes_inside -= size

    def _check(self, content_length: bytes) -> None:
        if self._num_inside >= self._limits.waiting:
            raise OverloadedError(
                f"{self._num_inside} requests wait here already; ask again in a moment"
            )
        self._check_bytes(int(content_length) if content_length.isdigit() else 0)

    def _check_bytes(self, size: int) -> None:
        """See that a request of so many bytes, of which some may have come already, has room.

        Raises:
            FileTooLargeError: It is larger than any may be.
            OverloadedError: What others sent takes the room.
        """
        if size > self._most_bytes:
            raise FileTooLargeError(
                "the request",
                f"more than the {self._limits.file_bytes / 1e6:.0f} MB that a photo may have",
            )
        if self._bytes_inside > self._limits.unpacked_bytes:
            raise OverloadedError(
                f"{self._bytes_inside / 1e6:.0f} MB wait here already; ask again in a moment"
            )
