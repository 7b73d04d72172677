"""A captioner that costs nothing: it says of a file what its name is, unless the name says what
is to go wrong.
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from captioner.config import SearchConfig
from captioner.errors import CorruptFileError
from captioner.pipeline import Candidate, CaptionResult


class NamePreprocess:
    """Opens nothing; a name with `bad` in it is broken."""

    def __init__(self) -> None:
        self.reading: list[str] = []

    def read(self, file: str | Path) -> Image.Image:
        self.reading.append(str(file))
        if "bad" in Path(file).name:
            raise CorruptFileError(file, "a broken JPEG")
        image = Image.new("RGB", (3, 2))
        image.info["name"] = Path(file).name
        return image

    def __call__(self, image: Image.Image) -> str:
        return image.info["name"]


@dataclass
class NameCaptioner:
    """Captions by name; more than `memory` photos at once do not fit."""

    name: str = "names"
    num_streams: int = 1
    memory: int = 1000
    preprocess: NamePreprocess = field(default_factory=NamePreprocess)
    batches: list[int] = field(default_factory=list)
    threads: set[int] = field(default_factory=set)
    error: type[Exception] = RuntimeError
    pause_s: float = 0.0

    def caption_images(self, images: Sequence[str], search: SearchConfig) -> list[CaptionResult]:
        self.batches.append(len(images))
        self.threads.add(threading.get_ident())
        time.sleep(self.pause_s)
        if len(images) > self.memory:
            raise self.error(
                "[enforce fail at alloc_cpu.cpp:1] DefaultCPUAllocator: not enough memory"
            )
        attention = np.ones((1, 1, 1), np.float32)
        return [
            CaptionResult((Candidate(f"a {name}", -1.0, ("a",), (-1.0,), attention),))
            for name in images
        ]


@pytest.fixture
def make_captioner() -> Callable[..., NameCaptioner]:
    return NameCaptioner
