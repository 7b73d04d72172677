"""One unattended run: captions to the journal, sidecars and pictures as they come, and at the end to every output."""

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from captioner.batch.batches import Captioned
from captioner.batch.interrupt import stop_by_interrupt
from captioner.batch.journal import Journal, find_journal, place
from captioner.batch.summary import Summary, Wording
from captioner.errors import OutputError, UsageError
from captioner.outputs import AttentionWriter, CaptionText, SidecarWriter, check_outputs, open_writer
from captioner.outputs.disk import is_one_files_own
from captioner.outputs.earlier import read_earlier, readable
from captioner.outputs.record import ErrorInfo, TextField
from captioner.progress import progress

# Each waits until the disk has it; those that wait together, wait once.
SIDECARS_AT_ONCE = 16

CAPTIONS = Wording()

# Captions files in batches, in order; asks before each batch whether it is to stop.
Engine = Callable[[Sequence[str | Path], Callable[[], bool]], Iterator[Sequence[Captioned]]]


@dataclass(frozen=True)
class Destinations:
    """Where captions go.

    Attributes:
        outputs: Files, each written whole at the end; their names say the format.
        sidecars: Writes a text beside each photo.
        looks: Draws where the decoder looked.
        caption_text: What a caption becomes in a `metadata.jsonl`.
        text_field: What captions are called in outputs.
    """

    outputs: Sequence[Path] = ()
    sidecars: SidecarWriter | None = None
    looks: AttentionWriter | None = None
    caption_text: CaptionText | None = None
    text_field: TextField = "caption"


def run_folder(
    engine: Engine,
    files: Sequence[str | Path],
    to: Destinations,
    settings: Mapping[str, Any],
    *,
    resume: bool = False,
    show: Callable[[Captioned], None] = lambda done: None,
    hide_progress: bool = False,
    wording: Wording = CAPTIONS,
) -> Summary:
    """Caption files, and keep what is done whatever ends the run.

    Args:
        engine: Captions batches.
        files: Photos, clips or recordings, each once.
        to: Where captions go. Where they are neither in outputs nor in sidecars, nothing is kept of a run's way.
        settings: What may not change while a run is unfinished.
        resume: Go on with the unfinished run, or begin if there is none.
        show: Called for each photo, in order.
        hide_progress: Show no bar.
        wording: What files are called in messages, and what is done with them.

    Raises:
        UsageError: There is an unfinished run and `resume` is not set, or an output cannot be written.
        OutputError: Writing failed; what is done is kept.
    """
    check_outputs(to.outputs, files, to.text_field)
    if to.sidecars:
        to.sidecars.check()
    journal = _open_journal(files, to, settings, resume)
    if journal is None:
        return _caption(engine, files, to, None, show, hide_progress, wording)
    try:
        summary = _caption(engine, files, to, journal, show, hide_progress, wording)
        if not summary.stopped:
            _write_outputs(journal, to, wording)
            journal.remove()
    except OutputError as error:
        raise OutputError(f"{error}; what is done is kept: the same command with --resume goes on") from error
    finally:
        journal.close()
    return summary


def is_finished(files: Sequence[str | Path], to: Destinations) -> bool:
    """Tell whether all outputs are there and no run is unfinished."""
    return bool(to.outputs) and not _journal_path(files, to).exists() and all(path.is_file() for path in to.outputs)


def left_to_do(files: Sequence[str | Path], to: Destinations) -> tuple[int, int] | None:
    """Count the files that are not in the outputs of a finished run, and those that failed in it.

    Returns:
        The two numbers; None where no output tells.

    Raises:
        UsageError: An output is none that a run wrote.
    """
    path = readable(to.outputs)
    if path is None:
        return None
    has_failed = {place(record.file): record.has_failed for record in read_earlier(path, to.text_field)}
    places = [place(file) for file in files]
    return sum(one not in has_failed for one in places), sum(has_failed.get(one, False) for one in places)


def _open_journal(
    files: Sequence[str | Path], to: Destinations, settings: Mapping[str, Any], resume: bool
) -> Journal | None:
    if not (to.outputs or to.sidecars):
        if resume:
            raise UsageError("--resume: nothing is kept of captions that are only printed; add --output or --sidecar")
        return None
    path = _journal_path(files, to)
    if path.exists() and not resume:
        raise UsageError(
            f"{path} is there, the work of a run that did not come to its end: go on with it by --resume, or delete it"
            " to begin anew"
        )
    finished = resume and is_finished(files, to)
    journal = Journal(path, settings)
    if finished:
        try:
            _go_on_from_outputs(journal, to, settings)
        except BaseException:
            journal.remove()
            raise
    return journal


def _go_on_from_outputs(journal: Journal, to: Destinations, settings: Mapping[str, Any]) -> None:
    path = readable(to.outputs)
    if path is None:
        return
    earlier = list(read_earlier(path, to.text_field))
    models = sorted({record.model for record in earlier})
    if models and settings.get("model") not in models:
        raise UsageError(
            f"{path} was written by {' and '.join(models)}: give the same model, or leave --resume out to make it anew"
        )
    journal.take_over(earlier)


def _journal_path(files: Sequence[str | Path], to: Destinations) -> Path:
    parents = sorted({place(Path(file).parent) for file in files})
    try:
        common = [os.path.commonpath(parents)]
    except ValueError:  # on several drives of Windows
        common = []
    return find_journal(to.outputs, [Path(folder) for folder in (*common, *parents)])


def _caption(
    engine: Engine,
    files: Sequence[str | Path],
    to: Destinations,
    journal: Journal | None,
    show: Callable[[Captioned], None],
    hide_progress: bool,
    wording: Wording,
) -> Summary:
    summary = Summary(len(files), wording)
    todo = _todo(files, to, journal, summary)
    start = time.monotonic()
    with (
        ThreadPoolExecutor(SIDECARS_AT_ONCE) as disk,
        stop_by_interrupt() as stop,
        progress(wording.results, len(files), wording.items, len(files) - len(todo), hide_progress) as advance,
    ):
        for batch in engine(todo, stop):
            for done in _keep(batch, to, journal, disk):
                summary.count(done.record)
                show(done)
            advance(len(batch))
        summary.stopped = summary.num_done < len(todo)
    summary.seconds = time.monotonic() - start
    return summary


def _todo(files: Sequence[str | Path], to: Destinations, journal: Journal | None, summary: Summary) -> list[str | Path]:
    """Leave out what is done; what failed, or was in the journal's last line, is done again even with a sidecar."""
    done = journal.done if journal else frozenset()
    again = journal.failed | journal.again if journal else frozenset()
    todo = []
    for file in files:
        if place(file) in done:
            summary.earlier += 1
        elif to.sidecars and place(file) not in again and to.sidecars.leaves_out(file):
            summary.skipped += 1
        else:
            todo.append(file)
    return todo


def _keep(batch: Sequence[Captioned], to: Destinations, journal: Journal | None, disk: Executor) -> list[Captioned]:
    """Write what is known of a batch: first the journal, as its own description says why.

    Returns:
        The batch, in which files have failed whose own sidecar or picture could not be written.

    Raises:
        OutputError: Others could not be written either.
    """
    if journal:
        journal.write([done.record for done in batch])
    kept = [_looked(done, to) for done in disk.map(partial(_with_sidecar, to=to), batch)]
    failed = [after.record for before, after in zip(batch, kept, strict=True) if after is not before]
    if journal and failed:
        journal.fail(failed)
    return kept


def _with_sidecar(done: Captioned, to: Destinations) -> Captioned:
    try:
        if to.sidecars:
            to.sidecars.write(done.record)
    except OutputError as error:
        return _failed(done, error)
    return done


def _looked(done: Captioned, to: Destinations) -> Captioned:
    try:
        if to.looks and done.result is not None and done.image is not None:
            best = done.result.candidates[0]
            to.looks.write(done.record.file, done.image, best.words, best.attention)
    except OutputError as error:
        return _failed(done, error)
    return done


def _failed(done: Captioned, error: OutputError) -> Captioned:
    """Return a file as failed where the error is its own; its caption stays, for the outputs."""
    if not is_one_files_own(error):
        raise error
    return replace(done, record=replace(done.record, error=ErrorInfo(type(error).__name__, str(error))))


def _write_outputs(journal: Journal, to: Destinations, wording: Wording) -> None:
    with ExitStack() as stack:
        advance = stack.enter_context(progress("outputs", journal.num_records, wording.items))
        writers = [stack.enter_context(open_writer(path, to.caption_text, to.text_field)) for path in to.outputs]
        for record in journal.records():
            for writer in writers:
                writer.write(record)
            advance()
