"""Provides what all HTML pages share: styles, a head that forbids fetching anything, thumbnails."""

import base64
import html
import io
import math
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import Any

from PIL import Image

from captioner.errors import InputError
from captioner.outputs.encoding import displayed
from captioner.preprocess.kinds import is_clip_name, is_photo_name

JPEG_QUALITY = 82
STYLE = (Path(__file__).parent / "page.css").read_text(encoding="utf-8")


def page_head(title: str, style: str = "", script: str = "") -> str:
    """Return the beginning of a page, up to and including its heading.

    Args:
        title: Title and heading, plain text.
        style: CSS rules in addition to those that all pages share.
        script: The only script that the browser may run, once the page is read.
    """
    allowed = base64.b64encode(sha256(script.encode()).digest()).decode()
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    policy += f"; script-src 'sha256-{allowed}'" if script else ""
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<title>{shown(title)}</title>
<style>
{STYLE}{style}</style>
</head>
<body>
<h1>{shown(title)}</h1>
"""


def page_foot(text: str, script: str = "") -> str:
    """Return the end of a page; `text` is HTML, and `script` is the same as in `page_head`."""
    run = f"<script>{script}</script>\n" if script else ""
    return f"<footer>{text}</footer>\n{run}</body>\n</html>\n"


def picture(photo: str | Path, alt: str, pixels: int) -> str:
    """Return HTML with a thumbnail of a photo, or of a clip's middle, or why there is none.

    Args:
        photo: The file.
        alt: The alternative text, plain text.
        pixels: The thumbnail's longer side.
    """
    # This imports torch, which has been imported already once something is captioned.
    from captioner.preprocess.image import read_image
    from captioner.preprocess.video import read_clip

    try:
        is_clip = is_clip_name(Path(photo).name) and not is_photo_name(Path(photo).name)
        thumbnail = (
            read_clip(photo, [0.5]).frames[0] if is_clip else read_image(photo, at_least=pixels)
        )
    except InputError as error:
        return f'<div class="photo"><p>{shown(error.reason)}</p></div>'
    thumbnail.thumbnail((pixels, pixels), Image.Resampling.LANCZOS)
    jpeg = io.BytesIO()
    thumbnail.save(jpeg, "JPEG", quality=JPEG_QUALITY, optimize=True)
    data = base64.b64encode(jpeg.getvalue()).decode()
    size = f'width="{thumbnail.width}" height="{thumbnail.height}"'
    return (
        f'<div class="photo"><img src="data:image/jpeg;base64,{data}" {size} alt="{shown(alt)}"'
        ' decoding="async"></div>'
    )


def file_name(file: str) -> str:
    """Return HTML with a file's name; its whole path appears when the mouse rests on it."""
    return f'<p class="name" title="{shown(file)}"><bdi>{shown(Path(file).name)}</bdi></p>'


def fractions(candidates: Iterable[Any]) -> list[float]:
    """Return each candidate's fraction of the probability of all of them, from their `log_prob`."""
    log_probs = [candidate.log_prob for candidate in candidates]
    odds = [math.exp(log_prob - max(log_probs)) for log_prob in log_probs]
    return [one / sum(odds) for one in odds]


def shown(text: str) -> str:
    """Escape a text for HTML; U+FFFD replaces bytes that are not UTF-8 and lone surrogates."""
    return html.escape(displayed(text))
