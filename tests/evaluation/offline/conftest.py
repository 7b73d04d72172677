"""Made references and hypotheses in all formats."""

from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], Path]:
    """Write a file whose name says nothing about what it holds."""

    def written(name: str, content: str) -> Path:
        file = tmp_path / name
        file.write_bytes(content.encode())
        return file

    return written
