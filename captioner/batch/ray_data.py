"""Runs over files on a Ray cluster, whose workers read, caption and return records."""

import json
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from captioner.batch.batches import FileResult, caption_files
from captioner.config import SearchConfig
from captioner.errors import MissingExtraError, ModelError, UsageError
from captioner.outputs.record import Record
from captioner.preprocess.fetching import is_elsewhere

if TYPE_CHECKING:
    import numpy as np

# How many files a worker gets at a time; another worker repeats them if it dies.
FILES_A_TASK = 64


def caption_on_ray(
    files: Sequence[str | Path],
    stop: Callable[[], bool],
    *,
    model: str,
    device: str,
    search: SearchConfig,
    batch_size: int | None = None,
    address: str | None = None,
) -> Iterator[list[FileResult]]:
    """Caption files on all CPUs (or GPUs) of a cluster.

    If a worker is lost, another one repeats its files.

    Model and files must have the same paths on every machine. Results hold neither attention nor
    photos.

    Args:
        files: Photos.
        stop: Called after each batch; once it returns True, no more batches are yielded.
        model: What each worker loads, as for `captioner.load`.
        device: The device on each worker's machine; with `cuda`, each worker gets a whole GPU, else
            one CPU.
        search: How captions are searched.
        batch_size: Photos in one pass of the model; None to find the fastest.
        address: The cluster's address, such as `auto` or `ray://head:10001`; None for
            `RAY_ADDRESS`, or this machine alone if it is not set.

    Raises:
        MissingExtraError: Ray is not installed.
        UsageError: There is no cluster at the address.
        ModelError: The workers cannot go on.
    """
    with _cluster(address) as ray:
        context = ray.data.DataContext.get_current()
        context.execution_options.preserve_order = True
        context.enable_progress_bars = False
        tasks = -(-len(files) // FILES_A_TASK)
        # Workers have another working directory, and Arrow cannot hold names that are not UTF-8.
        paths = [os.fsencode(_everywhere_the_same(file)) for file in files]
        rows = ray.data.from_items([{"path": path} for path in paths], override_num_blocks=tasks)
        resource = "GPU" if device == "cuda" else "CPU"
        workers = max(1, int(ray.cluster_resources().get(resource, 1)))
        records = rows.map_batches(
            Worker,
            fn_constructor_args=(_everywhere(model), device, search, batch_size, len(files)),
            batch_size=FILES_A_TASK,
            compute=ray.data.ActorPoolStrategy(min_size=1, max_size=workers),
            **({"num_gpus": 1} if resource == "GPU" else {"num_cpus": 1}),
        )
        upcoming = iter(files)
        try:
            for batch in records.iter_batches(batch_size=None, prefetch_batches=0):
                yield [_captioned(record, next(upcoming)) for record in batch["record"]]
                if stop():
                    return
        except ray.exceptions.RayError as error:
            raise ModelError(
                f"the workers on Ray cannot go on: {str(error).strip().splitlines()[-1]}"
            ) from error


class Worker:
    """Holds a model on one worker, and captions the batches that it gets."""

    def __init__(
        self, model: str, device: str, search: SearchConfig, batch_size: int | None, num_photos: int
    ) -> None:
        from captioner.pipeline import load_captioner

        self._captioner = load_captioner(model, device, num_photos=num_photos)
        self._search, self._batch_size = search, batch_size

    def __call__(self, batch: "dict[str, np.ndarray[Any, Any]]") -> dict[str, list[str]]:
        """Caption a column of paths, and return a column of records as JSON."""
        names = map(os.fsdecode, batch["path"])
        files = [name if is_elsewhere(name) else Path(name) for name in names]
        done = caption_files(self._captioner, files, self._search, self._batch_size)
        return {"record": [json.dumps(one.record.to_dict()) for one in done]}


def _everywhere_the_same(file: str | Path) -> str:
    """Return a file's name in a form that means the same in any working directory."""
    return str(file) if is_elsewhere(file) else os.path.abspath(file)  # noqa: PTH100 (resolve would follow links)


def _captioned(record: str, file: str | Path) -> FileResult:
    return FileResult(replace(Record.from_dict(json.loads(record)), file=str(file)))


def _everywhere(model: str) -> str:
    """Return a model's name in a form that means the same in any working directory."""
    prefix = "hf:" if model.startswith("hf:") else ""
    path = Path(model.removeprefix(prefix))
    return prefix + str(path.absolute()) if path.exists() else model


@contextmanager
def _cluster(address: str | None) -> Iterator[Any]:
    """Yield Ray, connected to a cluster; a new connection is closed after the block."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # no telemetry
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise MissingExtraError("ray[data]", "ray") from error
    if ray.is_initialized():
        yield ray
        return
    for name in ("ray", "ray.data"):
        logging.getLogger(name).setLevel(logging.ERROR)
    try:
        ray.init(
            address,
            include_dashboard=None if address else False,
            log_to_driver=False,
            logging_level=logging.ERROR,
        )
    except Exception as error:  # Ray raises all kinds, `Exception` itself among them
        raise UsageError(
            f"there is no Ray cluster at {address or 'this machine'}: {error}"
        ) from error
    try:
        yield ray
    finally:
        ray.shutdown()
