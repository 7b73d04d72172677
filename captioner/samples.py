"""Photographs to try things on: those that come with Gradio."""

from importlib.util import find_spec
from pathlib import Path

from captioner.errors import FileMissingError

NAMES = ("cheetah.jpg", "lion.jpg", "tower.jpg")


def sample_photos() -> list[Path]:
    """Return the paths of three photographs, without importing Gradio.

    Raises:
        FileMissingError: The installed Gradio does not have them.
    """
    spec = find_spec("gradio")
    package = Path(spec.origin).parent if spec and spec.origin else Path("gradio")
    photos = [package / "media_assets" / "images" / name for name in NAMES]
    for photo in photos:
        if not photo.is_file():
            raise FileMissingError(photo, "Gradio's sample photos are not there: pip install --force-reinstall gradio")
    return photos
