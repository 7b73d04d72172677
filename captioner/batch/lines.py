"""Translates lines as they come, in order, one line out for one line in."""

import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from queue import Queue
from typing import Any

from captioner.config import SearchConfig
from captioner.pipeline import TranslationResult, Translator

# Read before they are needed, and at most so many are translated together: some seconds of work.
LINES_AHEAD = 512


def translate_lines(
    translator: Translator,
    lines: Iterable[str],
    search: SearchConfig,
    source: str | None = None,
    target: str | None = None,
    photo: Any = None,
) -> Iterator[TranslationResult]:
    """Translate lines in order.

    All lines that have been read when the model becomes free go through it together.

    So a person who types gets each line's translation at once, and a file is translated in large
    batches. Where the lines end in an error, it is raised behind the translations of all lines
    before it.

    Args:
        translator: The model.
        lines: Without their ends; a thread reads them ahead.
        search: How translations are searched.
        source: The language to read, as `Translator.translate` takes it.
        target: The language to write.
        photo: What all lines are about, as `Translator.translate` takes it; it is read once.
    """
    waiting: Queue[str | _End] = Queue(LINES_AHEAD)

    def read() -> None:
        end = _End(None)
        try:
            for line in lines:
                waiting.put(line)
        except BaseException as error:  # of any kind: it is the other thread's to handle
            end = _End(error)
        waiting.put(end)

    seen = translator.see([photo])
    threading.Thread(target=read, daemon=True).start()
    end: _End | None = None
    while end is None:
        batch: list[str] = []
        while end is None and (not batch or not waiting.empty()) and len(batch) < LINES_AHEAD:
            line = waiting.get()
            if isinstance(line, str):
                batch.append(line)
            else:
                end = line
        yield from translator.translate_texts(batch, search, source, target, seen * len(batch))
    if end.error is not None:
        raise end.error


@dataclass(frozen=True)
class _End:
    """Stands behind the last line: with the error that ended them, if there was one."""

    error: BaseException | None
