"""Writes records as JSON lines, the most complete format: one object per captioned file."""

import json

from captioner.outputs.record import Record, TextField
from captioner.outputs.writer import TextWriter


class JsonlWriter(TextWriter):
    """Writes one row per record.

    All characters but ASCII are escaped, so a name in any encoding is valid JSON, and no reader
    takes U+2028 for a line's end.
    """

    lists_failures = True

    def _row(self, record: Record) -> str:
        return json_line(record, self._text_field) + "\n"


def json_line(record: Record, text_field: TextField) -> str:
    """Return a record as one line of JSON, without its end."""
    return json.dumps(record.to_row(text_field))
