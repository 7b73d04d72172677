"""Reads JSON, as one value or as one value per line, and says where each value is."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from captioner.errors import AnnotationError


def parse_json(text: str, file: Path) -> Any:
    """Return the value of a whole file, without the `tokens` beside a caption's `raw` text.

    In Karpathy's files they repeat the words of each caption, and would take half of the memory and
    two thirds of the time.

    Raises:
        AnnotationError: It is not JSON.
    """
    try:
        return json.loads(text, object_pairs_hook=_object)
    except json.JSONDecodeError as error:
        raise AnnotationError(
            f"{file}, line {error.lineno}: not valid JSON ({error.msg}); is it complete?"
        ) from error
    except (RecursionError, ValueError) as error:
        raise AnnotationError(f"{file}: no JSON that can be read ({_limit(error)})") from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        for key, one in pairs:
            if one != value[key]:
                raise _TwiceError(f"{key!r} stands twice in one object: which is meant?")
    if "raw" in value:
        value.pop("tokens", None)
    return value


class _TwiceError(ValueError):
    pass


def read_json_lines(lines: Iterable[str], file: Path, hint: str = "") -> Iterator[tuple[str, Any]]:
    """Return each line's place, for messages, and its value; blank lines are skipped.

    Args:
        lines: The file's lines.
        file: The file, for messages.
        hint: What the message adds where a line is not JSON.

    Raises:
        AnnotationError: A line is not JSON.
    """
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        where = f"{file}, line {number}"
        try:
            value = json.loads(line, object_pairs_hook=_object)
        except json.JSONDecodeError as error:
            raise AnnotationError(f"{where}: not valid JSON ({error.msg}){hint}") from error
        except (RecursionError, ValueError) as error:
            raise AnnotationError(f"{where}: no JSON that can be read ({_limit(error)})") from error
        yield where, value


def _limit(error: Exception) -> str:
    if isinstance(error, _TwiceError):
        return str(error)
    return "nested too deep" if isinstance(error, RecursionError) else "a number of too many digits"
