"""Translates lines as they arrive, in order: one line out for each line in."""

import threading
from collections.abc import Iterable, Iterator
from queue import Queue
from typing import Any

from captioner.config import SearchConfig
from captioner.pipeline import TranslationResult, Translator

# The most lines that are read ahead, and that are translated together, which takes some seconds.
LINES_AHEAD = 512


def translate_lines(
    translator: Translator,
    lines: Iterable[str],
    search: SearchConfig,
    source: str | None = None,
    target: str | None = None,
    photo: Any = None,
) -> Iterator[TranslationResult]:
    """Translate lines in order; those that were read while the model worked form its next batch.

    A person who types therefore gets each line's translation at once, and a file is translated in
    large batches. If reading fails, all lines that were read are translated before the error is
    raised.

    Args:
        translator: The model.
        lines: Lines without line ends; a thread reads them ahead.
        search: How translations are searched.
        source: The source language, as `Translator.translate` takes it.
        target: The target language.
        photo: A photo that all lines are about, as `Translator.translate` takes it; it is read
            once.
    """
    # After the last line comes None, or the error that ended the lines.
    waiting: Queue[str | BaseException | None] = Queue(LINES_AHEAD)

    def read() -> None:
        end = None
        try:
            for line in lines:
                waiting.put(line)
        except BaseException as error:  # of any kind, since the other thread raises it
            end = error
        waiting.put(end)

    seen = translator.see([photo])
    threading.Thread(target=read, daemon=True).start()
    line: str | BaseException | None = ""
    while isinstance(line, str):
        batch: list[str] = []
        while (not batch or not waiting.empty()) and len(batch) < LINES_AHEAD:
            line = waiting.get()
            if not isinstance(line, str):
                break
            batch.append(line)
        yield from translator.translate_texts(batch, search, source, target, seen * len(batch))
    if line is not None:
        raise line
