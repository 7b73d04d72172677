"""Runs over many files: writes the journal, sidecars and pictures, and at the end all outputs."""

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from captioner.batch.batches import FileResult
from captioner.batch.destinations import Destinations, with_attention, with_sidecar
from captioner.batch.interrupt import stop_by_interrupt
from captioner.batch.journal import Journal, find_journal, place, refuse_unfinished
from captioner.batch.summary import Labels, Summary
from captioner.errors import OutputError, UsageError
from captioner.outputs import check_outputs, open_writer
from captioner.outputs.earlier import read_earlier, readable
from captioner.progress import progress

# Each write waits for the disk; sidecars that are written in parallel wait at the same time.
SIDECARS_AT_ONCE = 16

# Processes files in batches, in order; calls its second argument to learn whether to stop.
Engine = Callable[[Sequence[str | Path], Callable[[], bool]], Iterator[Sequence[FileResult]]]


@dataclass(frozen=True)
class Run:
    """One run over many files: its inputs, its destinations and how it runs.

    Attributes:
        files: Photos, clips or recordings, each once.
        destinations: Where results go. Without outputs and sidecars, an interrupted run keeps
            nothing.
        resume: Continue the unfinished run, or begin if there is none.
        labels: What files are called in messages, and what is done with them.
    """

    files: Sequence[str | Path]
    destinations: Destinations = field(default_factory=Destinations)
    resume: bool = False
    labels: Labels = field(default_factory=Labels)

    def check(self) -> None:
        """Check that the results can be written.

        Raises:
            UsageError: An output cannot be written, or cannot hold these files.
            MissingExtraError: A format needs a library that is not installed.
        """
        to = self.destinations
        check_outputs(to.outputs, self.files, to.text_field)
        if to.sidecars:
            to.sidecars.check()

    def is_finished(self) -> bool:
        """Tell whether all outputs are there and no run is unfinished."""
        outputs = self.destinations.outputs
        return (
            bool(outputs) and not self._journal_path().exists() and all(map(Path.is_file, outputs))
        )

    def left_to_do(self) -> tuple[int, int] | None:
        """Count the files that the outputs of a finished run lack, and those that failed in it.

        Returns:
            The two numbers; None if no output can tell.

        Raises:
            UsageError: An output was not written by a run.
        """
        to = self.destinations
        path = readable(to.outputs)
        if path is None:
            return None
        has_failed = {
            place(record.file): record.has_failed for record in read_earlier(path, to.text_field)
        }
        places = [place(file) for file in self.files]
        num_failed = sum(has_failed.get(one, False) for one in places)
        return sum(one not in has_failed for one in places), num_failed

    def execute(
        self,
        engine: Engine,
        settings: Mapping[str, Any],
        *,
        show: Callable[[FileResult], None] = lambda done: None,
        hide_progress: bool = False,
    ) -> Summary:
        """Process the files; finished work is kept, however the run ends.

        Args:
            engine: Processes the files in batches.
            settings: What must not change while a run is unfinished.
            show: Called for each file, in order.
            hide_progress: Show no progress bar.

        Returns:
            What was done.

        Raises:
            UsageError: There is an unfinished run and `resume` is not set, or an output cannot be
                written.
            OutputError: Writing failed; what is done is kept.
        """
        self.check()
        journal = self._open_journal(settings)
        if journal is None:
            return self._work(engine, None, show, hide_progress)
        try:
            summary = self._work(engine, journal, show, hide_progress)
            if not summary.stopped:
                self._write_outputs(journal)
                journal.remove()
        except OutputError as error:
            raise OutputError(
                f"{error}; finished work is kept: the same command with --resume goes on"
            ) from error
        finally:
            journal.close()
        return summary

    def _journal_path(self) -> Path:
        parents = sorted({place(Path(file).parent) for file in self.files})
        try:
            common = [os.path.commonpath(parents)]
        except ValueError:  # paths on several drives of Windows
            common = []
        folders = [Path(folder) for folder in (*common, *parents)]
        return find_journal(self.destinations.outputs, folders)

    def _open_journal(self, settings: Mapping[str, Any]) -> Journal | None:
        if not self.destinations.are_kept:
            if self.resume:
                raise UsageError(
                    "--resume: captions that are only printed are not kept; add --output or"
                    " --sidecar"
                )
            return None
        path = self._journal_path()
        refuse_unfinished(path, self.resume)
        finished = self.resume and self.is_finished()
        journal = Journal(path, settings)
        if finished:
            try:
                self._take_over_outputs(journal, settings)
            except BaseException:
                journal.remove()
                raise
        return journal

    def _take_over_outputs(self, journal: Journal, settings: Mapping[str, Any]) -> None:
        path = readable(self.destinations.outputs)
        if path is None:
            return
        earlier = list(read_earlier(path, self.destinations.text_field))
        models = sorted({record.model for record in earlier})
        if models and settings.get("model") not in models:
            raise UsageError(
                f"{path} was written by {' and '.join(models)}: give the same model, or leave"
                " --resume out to make it anew"
            )
        journal.take_over(earlier)

    def _work(
        self,
        engine: Engine,
        journal: Journal | None,
        show: Callable[[FileResult], None],
        hide_progress: bool,
    ) -> Summary:
        summary = Summary(len(self.files), self.labels)
        todo = self._todo(journal, summary)
        num_done = len(self.files) - len(todo)
        start = time.monotonic()
        with (
            ThreadPoolExecutor(SIDECARS_AT_ONCE) as disk,
            stop_by_interrupt() as stop,
            progress(
                self.labels.results, len(self.files), self.labels.items, num_done, hide_progress
            ) as advance,
        ):
            for batch in engine(todo, stop):
                for done in self._keep(batch, journal, disk):
                    summary.count(done.record)
                    show(done)
                advance(len(batch))
            summary.stopped = summary.num_done < len(todo)
        summary.seconds = time.monotonic() - start
        return summary

    def _todo(self, journal: Journal | None, summary: Summary) -> list[str | Path]:
        """Return the files that are still to be processed.

        Files that failed, or were in the journal's last batch, are processed again even if they
        have a sidecar.
        """
        sidecars = self.destinations.sidecars
        done = journal.done if journal else frozenset()
        again = journal.failed | journal.again if journal else frozenset()
        todo = []
        for file in self.files:
            if place(file) in done:
                summary.earlier += 1
            elif sidecars and place(file) not in again and sidecars.leaves_out(file):
                summary.skipped += 1
            else:
                todo.append(file)
        return todo

    def _keep(
        self, batch: Sequence[FileResult], journal: Journal | None, disk: Executor
    ) -> list[FileResult]:
        """Write a batch to the journal, then its sidecars and pictures.

        The module `journal` says why it comes first.

        Returns:
            The batch; files whose sidecar or picture cannot be written are marked as failed.

        Raises:
            OutputError: Writing failed for a reason that concerns other files, too.
        """
        to = self.destinations
        if journal:
            journal.write([done.record for done in batch])
        kept = [with_attention(done, to) for done in disk.map(partial(with_sidecar, to=to), batch)]
        failed = [
            after.record for before, after in zip(batch, kept, strict=True) if after is not before
        ]
        if journal and failed:
            journal.fail(failed)
        return kept

    def _write_outputs(self, journal: Journal) -> None:
        to = self.destinations
        with ExitStack() as stack:
            advance = stack.enter_context(
                progress("outputs", journal.num_records, self.labels.items)
            )
            writers = [
                stack.enter_context(open_writer(path, to.caption_text, to.text_field))
                for path in to.outputs
            ]
            for record in journal.records():
                for writer in writers:
                    writer.write(record)
                advance()
