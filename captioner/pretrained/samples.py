"""Photographs and a clip to try things on: those that come with Gradio."""

from importlib.util import find_spec
from pathlib import Path

from captioner.errors import FileMissingError

NAMES = ("cheetah.jpg", "lion.jpg", "tower.jpg")
CLIP = "world.mp4"


def sample_photos() -> list[Path]:
    """Return the paths of three photographs, without importing Gradio.

    Raises:
        FileMissingError: The installed Gradio does not have them.
    """
    return [_asset("images", name) for name in NAMES]


def sample_clip() -> Path:
    """Return the path of a clip of half a minute, the turning earth, without importing Gradio.

    Raises:
        FileMissingError: The installed Gradio does not have it.
    """
    return _asset("videos", CLIP)


def _asset(kind: str, name: str) -> Path:
    spec = find_spec("gradio")
    package = Path(spec.origin).parent if spec and spec.origin else Path("gradio")
    file = package / "media_assets" / kind / name
    if not file.is_file():
        raise FileMissingError(file, "Gradio's samples are not there: pip install --force-reinstall gradio")
    return file
