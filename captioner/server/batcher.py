"""Batches concurrent requests: all that wait when the model becomes free run together."""

import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

LARGEST = 32  # a request that just missed a batch waits for all of it

Work = Callable[..., Sequence[Any]]
"""Takes a batch and its options; returns a result for each item."""


@dataclass(frozen=True)
class Job:
    """One item that waits for the model."""

    work: Work
    item: Any
    options: tuple[Any, ...]
    future: "Future[Any]" = field(default_factory=Future)

    def fits(self, other: "Job") -> bool:
        """Tell whether another item may go through the model together with this one."""
        return self.work == other.work and self.options == other.options


class Batcher:
    """Runs work over the items of several requests at once, the oldest first.

    Args:
        threads: What the model runs in; each thread takes the next batch when it is free.
        largest: The most items of a batch.
        measured: Called after each batch with its number of items and the seconds that it took.
    """

    def __init__(
        self,
        threads: Executor,
        largest: int = LARGEST,
        measured: Callable[[int, float], None] = lambda count, seconds: None,
    ) -> None:
        self._threads = threads
        self._largest = largest
        self._measured = measured
        self._jobs: deque[Job] = deque()
        self._taking = Lock()

    def submit(self, work: Work, item: Any, *options: Any) -> "Future[Any]":
        """Let an item wait for the model; only items with equal options go through it together.

        The future gets its result, or what the whole batch raised.
        """
        job = Job(work, item, options)
        with self._taking:
            self._jobs.append(job)
        # One call for each job; a call whose job went along with an earlier one does nothing.
        self._threads.submit(self._run)
        return job.future

    def _run(self) -> None:
        batch = [job for job in self._take() if job.future.set_running_or_notify_cancel()]
        if not batch:
            return
        start = time.monotonic()
        try:
            results = batch[0].work([job.item for job in batch], *batch[0].options)
            answered = list(zip(batch, results, strict=True))
        except BaseException as error:  # of any kind: it belongs to those who wait
            for job in batch:
                job.future.set_exception(error)
            return
        self._measured(len(batch), time.monotonic() - start)
        for job, result in answered:
            job.future.set_result(result)

    def _take(self) -> list[Job]:
        """Return the oldest job and those that fit it, and leave the others where they are."""
        with self._taking:
            batch: list[Job] = []
            others: list[Job] = []
            while self._jobs and len(batch) < self._largest:
                job = self._jobs.popleft()
                (batch if not batch or batch[0].fits(job) else others).append(job)
            self._jobs.extendleft(reversed(others))
            return batch
