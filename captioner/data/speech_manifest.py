"""Reads and writes manifests of speech: one recording a row, as CSV or JSON lines."""

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from captioner.data.csv_rows import csv_rows
from captioner.data.json_lines import read_json_lines
from captioner.data.text_file import read_text
from captioner.data.utterance import Utterance
from captioner.errors import AnnotationError

AUDIO_FIELDS = ("audio", "audio_filepath", "file", "file_name", "path")
TEXT_FIELDS = ("text", "transcript", "sentence")
SPEAKER_FIELDS = ("speaker", "speaker_id", "client_id")


def read_manifest(file: Path) -> list[Utterance]:
    """Read a table with a header, or one JSON object per line; the first character decides.

    A row has `audio`, `text` and, if it is known, `speaker`. The names of other manifests are read,
    too (NeMo's `audio_filepath`, Hugging Face's `file_name`, Common Voice's `path` and `sentence`).
    Commas or tabs separate columns. Paths are relative to the manifest's folder.

    Raises:
        AnnotationError: The file cannot be read, or a row is malformed.
    """
    text = read_text(file)
    rows = _json_rows(text, file) if text.lstrip().startswith("{") else _table_rows(text, file)
    return [_utterance(row, where, file.parent) for where, row in rows]


def write_manifest(file: Path, utterances: Iterable[Utterance]) -> None:
    """Write a CSV that `read_manifest` reads; recordings below its folder get relative paths."""
    folder = file.resolve().parent
    with file.open("w", encoding="utf-8", newline="") as stream:
        rows = csv.writer(stream, lineterminator="\n")
        rows.writerow(("audio", "text", "speaker"))
        for one in utterances:
            audio = one.audio.resolve()
            near = audio.relative_to(folder) if audio.is_relative_to(folder) else audio
            rows.writerow((near.as_posix(), one.text, one.speaker))


def _json_rows(text: str, file: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for where, row in read_json_lines(text.split("\n"), file):
        if not isinstance(row, dict):
            raise AnnotationError(f"{where}: an object with `audio` and `text` is needed")
        yield where, row


def _table_rows(text: str, file: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    rows = csv_rows(text, file, "\t" if "\t" in text.partition("\n")[0] else ",")
    header = rows[0][1] if rows else []
    for line, fields in rows[1:]:
        where = f"{file}, line {line}"
        if len(fields) != len(header):
            hint = "put a text that holds the sign between columns in double quotes"
            raise AnnotationError(
                f"{where}: {len(fields)} fields, the header has {len(header)}; {hint}"
            )
        yield where, dict(zip(header, fields, strict=True))


def _utterance(row: dict[str, Any], where: str, folder: Path) -> Utterance:
    audio, text = _first(row, AUDIO_FIELDS), _first(row, TEXT_FIELDS)
    if not audio or text is None:
        raise AnnotationError(
            f"{where}: `{'` or `'.join(AUDIO_FIELDS)}` and `{'` or `'.join(TEXT_FIELDS)}` must be"
            " there, both of them texts"
        )
    return Utterance(folder / audio, text, _first(row, SPEAKER_FIELDS) or "")


def _first(row: dict[str, Any], fields: Iterable[str]) -> str | None:
    """Return the value of the first field that the row has, if it is a text."""
    return next((row[field] for field in fields if isinstance(row.get(field), str)), None)
