"""Many lines: translates them as they come, in order, one line out for one line in, and measures how well."""

import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from queue import Queue

from captioner.config import SearchConfig
from captioner.data.parallel_text import read_aligned
from captioner.metrics import Report
from captioner.metrics.translation import TranslationScorer
from captioner.pipeline import TranslationResult, Translator
from captioner.progress import progress

LINES_AHEAD = 512  # read before they are needed, and at most so many are translated together: some seconds of work


def translate_lines(translator: Translator, lines: Iterable[str], search: SearchConfig) -> Iterator[TranslationResult]:
    """Translate lines in their order; what has been read by the time that the model is free goes through it together.

    So a person who types gets each line's translation at once, and a file is translated in large batches. Where the
    lines end in an error, it is raised behind the translations of all lines before it.

    Args:
        translator: The model.
        lines: Without their ends; a thread reads them ahead.
        search: How translations are searched.
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
        yield from translator.translate_texts(batch, search)
    if end.error is not None:
        raise end.error


@dataclass(frozen=True)
class _End:
    """Stands behind the last line: with the error that ended them, if there was one."""

    error: BaseException | None


def read_references(source: Path, references: Sequence[Path]) -> tuple[list[str], list[tuple[str, ...]]]:
    """Read sentences and, from each of several files, one reference of each.

    Raises:
        AnnotationError: A file cannot be read, or has another number of lines than the source.
    """
    sentences, *columns = read_aligned([source, *references])
    return sentences, list(zip(*columns, strict=True))


def evaluate_translations(
    translator: Translator, sentences: Sequence[str], references: Sequence[Sequence[str]], search: SearchConfig
) -> tuple[Report, list[str]]:
    """Translate every sentence and score the translations.

    Returns:
        The scores, and the translations.

    Raises:
        ScoreError: There are no sentences.
        MissingExtraError: sacrebleu is not installed.
    """
    scorer = TranslationScorer(dict(enumerate(references)))
    texts = []
    with progress("sentences", len(sentences), "sentences") as advance:
        for result in translate_lines(translator, sentences, search):
            texts.append(result.text)
            advance()
    return scorer.score(dict(enumerate(texts))), texts
