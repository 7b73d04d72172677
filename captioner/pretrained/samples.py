"""Finds photos and a clip to try: two photos in the public domain, and Gradio's examples."""

from importlib.util import find_spec
from pathlib import Path

from captioner.errors import FileMissingError

PHOTOS = Path(__file__).parent / "photos"
CLIP = "world.mp4"


def sample_photos() -> list[Path]:
    """Return the paths of three photographs, without importing Gradio.

    Raises:
        FileMissingError: The installed Gradio does not have its photograph.
    """
    return [PHOTOS / "cat.jpg", PHOTOS / "coffee.jpg", _asset("images", "tower.jpg")]


def sample_clip() -> Path:
    """Return the path of a half-minute clip of the turning earth, without importing Gradio.

    Raises:
        FileMissingError: The installed Gradio does not have it.
    """
    return _asset("videos", CLIP)


def _asset(kind: str, name: str) -> Path:
    spec = find_spec("gradio")
    package = Path(spec.origin).parent if spec and spec.origin else Path("gradio")
    file = package / "media_assets" / kind / name
    if not file.is_file():
        raise FileMissingError(
            file, "Gradio's samples are not there: pip install --force-reinstall gradio"
        )
    return file
