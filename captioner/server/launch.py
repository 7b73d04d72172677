"""Starts the server: loads its models first, then answers requests until it is stopped."""

import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from captioner.allocator import keep_freed_memory
from captioner.batch.batches import stream_threads
from captioner.errors import UsageError
from captioner.server.app import build_app
from captioner.server.batcher import Batcher
from captioner.server.metrics import Metrics
from captioner.server.service import Service
from captioner.terminal import print_told
from captioner.threads import available_cores
from captioner.web.access import listening
from captioner.web.limits import Limits
from captioner.web.registry import ModelRegistry

LIMITS = replace(Limits(), waiting=256)  # programs ask more at once than visitors do
KINDS = ("image", "text")
ENDING_S = 30  # how long requests may still take when the server ends


@contextmanager
def running(
    registry: ModelRegistry, limits: Limits = LIMITS, password: str | None = None
) -> Iterator[FastAPI]:
    """Load the models, and yield the application while its threads are there.

    Raises:
        ModelError: A model cannot be loaded.
    """
    models = [registry.get(name, kind) for kind in KINDS for name in registry.names(kind)]
    num_streams = max((getattr(model, "num_streams", 1) for model in models), default=1)
    metrics = Metrics()
    with stream_threads(num_streams) as streams, ThreadPoolExecutor(available_cores()) as readers:
        service = Service(registry, limits, readers, Batcher(streams, measured=metrics.batch))
        yield build_app(service, metrics, password)


def serve(
    models: Sequence[Path] | None = None,
    host: str = "127.0.0.1",
    port: int = 8000,
    device: str = "auto",
    engine: str = "auto",
    password: str | None = None,
) -> None:
    """Serve until it is interrupted; requests that wait by then are answered first.

    Args:
        models: Folders of models; None: all that ship and caption photos or translate.
        host: The address to serve to.
        port: 0: any that is free.
        device: As in `captioner.load`.
        engine: What runs models of photos, as in `captioner.load`.
        password: What clients give as `Authorization: Bearer`; None: nothing is asked for.

    Raises:
        ModelError: A folder holds no model, or it cannot be loaded.
        UsageError: The address cannot be had, or no model captions or translates.
    """
    keep_freed_memory()
    registry = ModelRegistry(models, device, LIMITS, engine)
    if models is not None and (
        others := [one["name"] for one in registry.models() if one["kind"] not in KINDS]
    ):
        raise UsageError(
            f"{', '.join(others)}: the server captions photos and translates; name models that do"
        )
    for kind in (signal.SIGINT, signal.SIGTERM):
        # uvicorn has its own, and raises these signals again when it has ended.
        signal.signal(kind, lambda *_: None)
    with listening(host, port) as listener, running(registry, LIMITS, password) as app:
        shown = f"[{host}]" if ":" in host else host
        print_told(f"captioner: http://{shown}:{listener.getsockname()[1]}/docs (Ctrl-C ends it)")
        config = uvicorn.Config(
            app, log_level="warning", access_log=False, timeout_graceful_shutdown=ENDING_S
        )
        uvicorn.Server(config).run(sockets=[listener])
