"""Records as JSON lines, the format that says all: one object a file, on the disk before the next one comes."""

import json
from pathlib import Path

from captioner.outputs.disk import create, output_errors
from captioner.outputs.record import Record
from captioner.outputs.writer import Writer


class JsonlWriter(Writer):
    """Writes one row a record; a kill loses nothing but the row in hand.

    All but ASCII is escaped, so that a name in any encoding is valid JSON and no reader takes U+2028 for a line's end.

    Args:
        path: A `.jsonl` file; an older one is replaced.

    Raises:
        UsageError: It cannot be opened.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = path
        self._stream = create(path)

    def write(self, record: Record) -> None:
        """Write one row."""
        with output_errors(self._path):
            self._stream.write(json.dumps(record.to_dict()) + "\n")
            self._stream.flush()

    def close(self) -> None:
        """Close the file."""
        with output_errors(self._path):
            self._stream.close()
