"""Records as JSON lines, the format that says all: one object a file."""

import json

from captioner.outputs.record import Record
from captioner.outputs.writer import TextWriter


class JsonlWriter(TextWriter):
    """Writes one row a record.

    All but ASCII is escaped, so that a name in any encoding is valid JSON and no reader takes U+2028 for a line's end.
    """

    lists_failures = True

    def _row(self, record: Record) -> str:
        return json.dumps(record.to_row(self._text_field)) + "\n"
