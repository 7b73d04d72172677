"""Shows a clip's labels or captions as HTML, with its frames lit by their attention."""

from typing import TYPE_CHECKING

from captioner.outputs.page import shown
from captioner.web.caption_view import jpeg, ranked

if TYPE_CHECKING:
    from captioner.pipeline import ClipResult
    from captioner.preprocess.video import Clip

FRAME_PIXELS = 320  # of the longer side
HINT = "Each frame is as bright as it counted for the answer; the brightest counted most."


def clip_view(clip: "Clip", result: "ClipResult") -> str:
    """Show the answers, best first, and the frames that the model saw."""
    best = result.candidates[0]
    fractions = best.attention.mean(0)  # over the words; a label is one word
    frames = "".join(
        f'<figure style="--light:{fraction / max(fractions.max(), 1e-12):.3f}"><img'
        f' src="{jpeg(frame, FRAME_PIXELS)}" '
        f'alt="The clip at {time_s:.1f} seconds"><figcaption>{time_s:.1f} s,'
        f" {fraction:.0%}</figcaption></figure>"
        for frame, time_s, fraction in zip(clip.frames, clip.times_s, fractions, strict=True)
    )
    return (
        '<section class="watched" aria-label="Clip"><p class="best"'
        f' dir="auto">{shown(best.text)}</p>'
        f'<ol class="ranked" aria-label="Answers, best first">{ranked(result.candidates)}</ol>'
        f'<div class="frames" role="group" aria-label="Frames that the model saw">{frames}</div>'
        f'<p class="quiet">{HINT}</p></section>'
    )
