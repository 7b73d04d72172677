"""Writes records as JSON lines, the most complete format: one object per captioned file."""

import json

from captioner.outputs.record import Record, TextField
from captioner.outputs.writer import TextWriter


class JsonlWriter(TextWriter):
    """Writes one row per record.

    All non-ASCII characters are escaped, so a name in any encoding is valid JSON, and no reader
    mistakes U+2028 for the end of a line.
    """

    lists_failures = True

    def _row(self, record: Record) -> str:
        return json_line(record, self._text_field) + "\n"


def json_line(record: Record, text_field: TextField) -> str:
    """Return a record as one line of JSON, without the newline."""
    return json.dumps(record.to_row(text_field))
