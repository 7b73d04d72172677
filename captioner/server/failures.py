"""Turns every failure into a status and a JSON object, without traceback or server paths."""

from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

from captioner.errors import (
    CaptionerError,
    ConfigError,
    FileTooLargeError,
    InputError,
    OverloadedError,
    UsageError,
)
from captioner.web.without_folders import without_folders

RETRY_S = 1  # seconds after which an overloaded server may be asked again
UNKNOWN = "something went wrong in the server, which has noted it in its log"


def status_of(error: CaptionerError) -> int:
    """Return the HTTP status of an error.

    400 the request is wrong, 413 too large, 503 too much to do, 500 the rest.
    """
    if isinstance(error, FileTooLargeError):
        return 413
    if isinstance(error, InputError | UsageError | ConfigError):
        return 400
    return 503 if isinstance(error, OverloadedError) else 500


def error_response(error: CaptionerError) -> JSONResponse:
    """Return an error as its status, its class and its message."""
    status = status_of(error)
    headers = {"Retry-After": str(RETRY_S)} if status == 503 else None
    return _response(status, type(error).__name__, without_folders(str(error)), headers)


async def answer_error(_request: Request, error: Exception) -> JSONResponse:
    """Answer a request that failed, for whatever reason."""
    if isinstance(error, CaptionerError):
        return error_response(error)
    # Of the framework: an unknown path, a password that is missing.
    if isinstance(error, HTTPException):
        return _response(error.status_code, type(error).__name__, str(error.detail), error.headers)
    # The server itself notes the error in its log.
    return _response(500, "InternalError", UNKNOWN, None)


def _response(
    status: int, kind: str, message: str, headers: Mapping[str, str] | None
) -> JSONResponse:
    content = {"error": {"type": kind, "message": message}}
    return JSONResponse(content, status, headers)
