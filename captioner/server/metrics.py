"""Counts the server's work, and reports it in Prometheus' format."""

import time
from collections.abc import Callable

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SECONDS = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)
ITEMS = (1, 2, 4, 8, 16, 32)


class Metrics:
    """Counts requests, seconds and batches."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)  # memory and seconds of the processor
        self._requests = Counter(
            "captioner_requests", "Requests answered.", ("path", "status"), registry=self._registry
        )
        self._seconds = Histogram(
            "captioner_request_seconds",
            "From a request to its answer.",
            ("path",),
            buckets=SECONDS,
            registry=self._registry,
        )
        self._inside = Gauge(
            "captioner_requests_in_progress", "Requests not yet answered.", registry=self._registry
        )
        self._items = Histogram(
            "captioner_batch_items",
            "Items that went through a model together.",
            buckets=ITEMS,
            registry=self._registry,
        )
        self._model_seconds = Counter(
            "captioner_model_seconds",
            "Seconds of all batches in the models.",
            registry=self._registry,
        )

    def batch(self, num_items: int, seconds: float) -> None:
        """Count a batch."""
        self._items.observe(num_items)
        self._model_seconds.inc(seconds)

    def request(self, path: str) -> Callable[[int], None]:
        """Count a request that has come.

        What is returned is called with the status of its answer.
        """
        self._inside.inc()
        start = time.monotonic()

        def answered(status: int) -> None:
            self._inside.dec()
            self._requests.labels(path, status).inc()
            self._seconds.labels(path).observe(time.monotonic() - start)

        return answered

    def text(self) -> bytes:
        """Return all of it in Prometheus' text format."""
        return generate_latest(self._registry)


class Measured:
    """Counts what an application answers.

    Args:
        app: What answers requests.
        metrics: Where they are counted.
        paths: Those that are counted by name; whatever else clients ask for is `other`.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, paths: frozenset[str]) -> None:
        self._app = app
        self._metrics = metrics
        self._paths = paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 500
        answered = self._metrics.request(scope["path"] if scope["path"] in self._paths else "other")

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            answered(status)
