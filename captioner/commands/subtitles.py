"""Translates a file of subtitles into another file of the same format, for `translate`."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from captioner.commands.options import is_stream
from captioner.errors import UsageError
from captioner.terminal import print_text

if TYPE_CHECKING:
    from captioner.data.subtitles import Subtitles

SUFFIXES = (".srt", ".vtt")


def read_subtitles_of(source: Path | None, output: Path | None) -> "Subtitles | None":
    """Read the subtitles to translate; return None if the input is not a file of subtitles.

    Raises:
        UsageError: Only the output is a file of subtitles, or the two formats differ.
        AnnotationError: The file cannot be read.
    """
    kinds = [path.suffix.lower() if path is not None else "" for path in (source, output)]
    if kinds[0] not in SUFFIXES:
        if kinds[1] in SUFFIXES:
            raise UsageError(
                f"{output}: subtitles are written of subtitles: give --input FILE{kinds[1]}"
            )
        return None
    if output is not None and not is_stream(output) and kinds[0] != kinds[1]:
        raise UsageError(
            f"{output}: translated subtitles are of the same kind as {source}: name it {kinds[0]}"
        )
    from captioner.data.subtitles import read_subtitles

    return read_subtitles(source) if source is not None else None


@contextmanager
def cues_out(output: Path | None, subtitles: "Subtitles") -> Iterator[Callable[[str], None]]:
    """Yield a function that takes the texts one by one.

    All of them are written as subtitles at the end of the block.
    """
    from captioner.outputs.disk import written_whole

    texts: list[str] = []
    if output is None or is_stream(output):
        yield texts.append
        print_text(subtitles.with_texts(texts).rstrip("\n"))
        return
    with written_whole(output) as stream:
        yield texts.append
        stream.write(subtitles.with_texts(texts))
