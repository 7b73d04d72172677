"""Measures a model on labelled data; `offline` scores files that any system has written."""

from captioner.errors import DataError
from captioner.outputs.record import Record


def check_read(record: Record, item: str) -> None:
    """Check that a file could be read: scores without it would compare to nothing.

    Args:
        record: What the model made of the file.
        item: What such a file is called, for messages.

    Raises:
        DataError: It could not.
    """
    if record.error is not None:
        raise DataError(
            f"{record.file}: {record.error.message}: mend the {item}, or leave it out of what is"
            " measured"
        )
