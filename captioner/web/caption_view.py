"""Shows a photo's captions as HTML: words that light up the photo, and fractions as bars."""

import base64
import io
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from captioner.outputs.attention import brightness
from captioner.outputs.page import fractions, shown

if TYPE_CHECKING:
    from captioner.pipeline import Candidate, CaptionResult

PHOTO_PIXELS = 960  # of the longer side, sharp on most screens; some 100 kB
JPEG_QUALITY = 85
LIGHT_PIXELS = 56  # of a map's longer side; the browser smooths the rest
UNSURE = 0.5  # captions with a lower confidence are marked
# The length that guides to alternative texts recommend; some screen readers pause or stop there.
ALT_TEXT_CHARACTERS = 125
HINT = "Choose a word: the photo lights up where the model looked."


def caption_view(image: Image.Image, result: "CaptionResult") -> str:
    """Show the best caption word by word over its photo, then all captions."""
    best = result.candidates[0]
    words = "".join(_word(best, position) for position in range(len(best.words)))
    length = len(best.text)
    fits = "fits" if length <= ALT_TEXT_CHARACTERS else "is longer than"
    return (
        f'<section class="captioned" aria-label="Captions">'
        '<div class="words" role="group" aria-label="The best caption, word by word: choose a word'
        " to see where the "
        f'model looked">{words}</div>'
        f'<figure class="looked"><img src="{jpeg(image, PHOTO_PIXELS)}" alt="{shown(best.text)}">'
        f'<figcaption aria-live="polite" data-idle="{HINT}">{HINT}</figcaption></figure>'
        f"{_doubt(best)}"
        f'<ol class="ranked" aria-label="Captions, best first">{ranked(result.candidates)}</ol>'
        f'<p class="quiet">{length} characters: the best caption {fits} an alternative text of '
        f"{ALT_TEXT_CHARACTERS}.</p>{_detected(result)}</section>"
    )


def _doubt(best: "Candidate") -> str:
    """Mark a caption that is more likely wrong than right."""
    if best.calibrated is None or best.calibrated >= UNSURE:
        return ""
    return (
        '<p class="unsure" role="note"><b>Unsure.</b> Of captions like this one, about'
        f" {100 * best.calibrated:.0f} in "
        f"100 are right.</p>"
    )


def _detected(result: "CaptionResult") -> str:
    """List the words that were detected in the photo."""
    if not result.concepts:
        return ""
    told = ", ".join(f"{shown(one.name)} {one.probability:.0%}" for one in result.concepts)
    return f'<p class="quiet">Words detected in the photo: {told}.</p>'


def _word(candidate: "Candidate", position: int) -> str:
    word, probability = candidate.words[position], math.exp(candidate.word_log_probs[position])
    note = f"“{word}”, {probability:.0%} likely after the words before it"
    return (
        f'<button type="button" aria-pressed="false" data-light="{_light(candidate, position)}" '
        f'data-note="{shown(note)}" style="--sure:{probability:.2f}">{shown(word)}</button>'
    )


def _light(candidate: "Candidate", position: int) -> str:
    """Return a small PNG, as a data URL, whose opacity is the attention; it masks the photo."""
    weights = candidate.attention[position]
    scale = LIGHT_PIXELS / max(weights.shape)
    size = max(1, round(weights.shape[1] * scale)), max(1, round(weights.shape[0] * scale))
    alpha = Image.fromarray((255 * brightness(weights, size)).round().astype(np.uint8))
    picture = Image.merge("LA", (Image.new("L", size), alpha))
    png = io.BytesIO()
    picture.save(png, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(png.getvalue()).decode()


def jpeg(image: Image.Image, pixels: int) -> str:
    """Return a photo as a data URL of a JPEG, with at most `pixels` on its longer side."""
    photo = image.convert("RGB")
    photo.thumbnail((pixels, pixels), Image.Resampling.LANCZOS)
    stream = io.BytesIO()
    photo.save(stream, "JPEG", quality=JPEG_QUALITY)
    return "data:image/jpeg;base64," + base64.b64encode(stream.getvalue()).decode()


def ranked(candidates: Sequence["Candidate"]) -> str:
    """Return list items, each with a text, a button that copies it, and a bar for its fraction."""
    items = []
    for candidate, fraction in zip(candidates, fractions(candidates), strict=True):
        text = shown(candidate.text)
        bar = (
            f'<i style="--share:{fraction:.3f}" role="img" aria-label="{fraction:.0%} of the'
            ' probability of all shown"></i>'
        )
        copy = (
            f'<button type="button" class="copy" data-copy="{text}" aria-label="Copy:'
            f' {text}">Copy</button>'
        )
        items.append(f'<li><span dir="auto">{text}</span><b>{fraction:.0%}</b>{copy}{bar}</li>')
    return "".join(items)


def word_rows(candidate: "Candidate") -> list[dict[str, Any]]:
    """Return each word with its probability and its attention, ready for JSON."""
    rows = zip(candidate.words, candidate.word_log_probs, candidate.attention, strict=True)
    return [
        {"word": word, "probability": math.exp(log_prob), "attention": weights.round(5).tolist()}
        for word, log_prob, weights in rows
    ]
