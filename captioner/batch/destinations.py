"""Says where a run's results go, and writes each file's sidecar and picture of attention."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from captioner.batch.batches import FileResult
from captioner.errors import OutputError
from captioner.outputs import AttentionWriter, CaptionText, SidecarWriter
from captioner.outputs.disk import is_one_files_own
from captioner.outputs.record import ErrorInfo, TextField


@dataclass(frozen=True)
class Destinations:
    """Where results go.

    Attributes:
        outputs: Files, each written whole at the end; their names say the format.
        sidecars: Writes a text beside each photo.
        attention: Draws the attention of each file's best result.
        caption_text: How captions are formatted in a `metadata.jsonl`.
        text_field: What results are called in outputs.
        as_json: Print a record of each file as a line of JSON.
    """

    outputs: Sequence[Path] = ()
    sidecars: SidecarWriter | None = None
    attention: AttentionWriter | None = None
    caption_text: CaptionText | None = None
    text_field: TextField = "caption"
    as_json: bool = False

    @property
    def are_kept(self) -> bool:
        """Whether a run leaves results that a later run can continue from."""
        return bool(self.outputs or self.sidecars)


def with_sidecar(done: FileResult, to: Destinations) -> FileResult:
    """Write a file's sidecar; return the result, marked as failed if it cannot be written."""
    try:
        if to.sidecars:
            to.sidecars.write(done.record)
    except OutputError as error:
        return _failed(done, error)
    return done


def with_attention(done: FileResult, to: Destinations) -> FileResult:
    """Draw a file's attention; return the result, marked as failed if it cannot be saved."""
    try:
        if to.attention and done.result is not None and done.image is not None:
            best = done.result.candidates[0]
            to.attention.write(done.record.file, done.image, best.words, best.attention)
    except OutputError as error:
        return _failed(done, error)
    return done


def _failed(done: FileResult, error: OutputError) -> FileResult:
    """Mark a file as failed if the error concerns it alone; the outputs still get its caption."""
    if not is_one_files_own(error):
        raise error
    return replace(done, record=replace(done.record, error=ErrorInfo.of(error)))
