"""Parses a request's body, JSON or a form: a photo or a text, and search options."""

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any, get_origin

from starlette.datastructures import UploadFile
from starlette.requests import Request

from captioner.config import SearchConfig
from captioner.errors import UsageError
from captioner.web.limits import Limits

LISTS = {
    name
    for name, field in SearchConfig.model_fields.items()
    if get_origin(field.annotation) is tuple
}
BOUNDED = ("beam_size", "num_captions", "max_length")


@dataclass(frozen=True)
class ParsedRequest:
    """One request.

    Attributes:
        what: The bytes of a photo, or a text.
        name: What the client calls the photo, for messages.
        model: The model that shall do it; None for the server's first one.
        attention: Whether to tell where the decoder looked at each word.
        options: Fields of `SearchConfig`.
        languages: From which to which one a text is translated; None where that is left open.
    """

    what: Any
    name: str
    model: str | None
    attention: bool
    options: dict[str, Any]
    languages: tuple[str | None, str | None]


Body = bytes | dict[str, Any]
"""A request's body: JSON as it came, or the fields of a form; in these a file is its name and
its bytes.
"""


async def read_body(request: Request) -> Body:
    """Wait for a request's body.

    Raises:
        UsageError: The body is neither a form nor JSON.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json":
        return await request.body()
    if kind not in ("multipart/form-data", "application/x-www-form-urlencoded"):
        raise UsageError(
            f"Content-Type {kind or 'is missing'}: send application/json or multipart/form-data"
        )
    fields: dict[str, Any] = {}
    async with request.form(max_files=1) as form:
        for name in form:
            values = form.getlist(name)
            if len(values) > 1 and name not in LISTS:
                raise UsageError(f"{name} is given {len(values)} times")
            value = values[0]
            if isinstance(value, UploadFile):
                fields[name] = (value.filename, await value.read())
            else:
                fields[name] = values if name in LISTS else value
    return fields


def parsed_request(body: Body, what: str, limits: Limits) -> ParsedRequest:
    """Parse a request; a large one takes a while, so that this belongs into a thread.

    Args:
        body: What `read_body` returned.
        what: The name of the field that holds the photo or the text.
        limits: How much may be asked for.

    Raises:
        UsageError: A field is missing, unknown, of the wrong kind or too large.
    """
    given = dict(body) if isinstance(body, dict) else _json_object(body)
    if what not in given:
        raise UsageError(f"the field {what!r} is missing")
    value = given.pop(what)
    model = given.pop("model", None)
    attention = given.pop("attention", False)
    source = given.pop("source", None) if what == "text" else None
    target = given.pop("target", None) if what == "text" else None
    for name, named in (("model", model), ("source", source), ("target", target)):
        if named is not None and not isinstance(named, str):
            raise UsageError(f"{name} must be a name, not {named!r}")
    if unknown := sorted(set(given) - set(SearchConfig.model_fields)):
        raise UsageError(
            f"there is no option {unknown[0]!r}: choose from {', '.join(SearchConfig.model_fields)}"
        )
    for name in BOUNDED:
        _check_bound(name, given.get(name), getattr(limits, name))
    name, value = value if isinstance(value, tuple) else (None, value)
    return ParsedRequest(
        value,
        name or what,
        model or None,
        _yes_or_no("attention", attention),
        given,
        (source or None, target or None),
    )


def photo_bytes(request: ParsedRequest) -> bytes:
    """Return a photo's bytes, which stand in JSON as base64.

    Raises:
        UsageError: They do not.
    """
    if isinstance(request.what, bytes):
        return request.what
    try:
        # A browser's `data:` address is base64 behind its comma.
        return base64.b64decode(str(request.what).rpartition(",")[2], validate=True)
    except (binascii.Error, ValueError) as error:
        raise UsageError(f"{request.name} is neither a file nor base64 ({error})") from error


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        given = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"the body is no JSON ({error})") from error
    if not isinstance(given, dict):
        raise UsageError("the body must be a JSON object")
    return given


def _check_bound(name: str, value: Any, highest: int) -> None:
    """Keep an option within the server's limits.

    The search options check whether it makes sense.
    """
    try:
        is_within = float(value or 0) <= highest
    except OverflowError:
        is_within = False
    except (TypeError, ValueError):
        return
    if not is_within:
        raise UsageError(f"{name} is {value}; this server allows at most {highest}")


def _yes_or_no(name: str, value: Any) -> bool:
    known = {"true": True, "1": True, "false": False, "0": False, "": False}
    try:
        return known[str(value).lower()]
    except KeyError:
        raise UsageError(f"{name} must be true or false, not {value!r}") from None
