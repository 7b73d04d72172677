"""A server with tiny models, in this process."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("fastapi_offline")
pytest.importorskip("prometheus_client")

from fastapi.testclient import TestClient

from captioner.server.launch import LIMITS, running
from captioner.web.registry import ModelRegistry

SMALL = replace(LIMITS, file_bytes=300_000, pixels=100_000, text_characters=80, waiting=8)


@pytest.fixture
def serving(model_folder: Path, sentence_model_folder: Path) -> Iterator[Callable[..., TestClient]]:
    """Make a client of a server; the arguments are those of `running`."""
    clients = []

    def make(folders: list[Path] | None = None, **settings: object) -> TestClient:
        registry = ModelRegistry(folders or [model_folder, sentence_model_folder], "cpu", SMALL)
        context = running(registry, **{"limits": SMALL, **settings})
        clients.append(context)
        return TestClient(context.__enter__(), raise_server_exceptions=False)

    yield make
    for context in clients:
        context.__exit__(None, None, None)


@pytest.fixture
def client(serving: Callable[..., TestClient]) -> TestClient:
    return serving()
