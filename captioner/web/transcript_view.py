"""Shows a transcript as HTML: the whole text, and each segment with its times."""

from typing import TYPE_CHECKING

from captioner.outputs.page import shown

if TYPE_CHECKING:
    from captioner.pipeline import TranscriptResult


def transcript_view(result: "TranscriptResult") -> str:
    """Show what is said in a recording, and when."""
    if not result.text:
        return (
            f'<div class="empty"><p>Nothing is said in these {result.duration_s:.1f}'
            " seconds.</p></div>"
        )
    rows = "".join(
        f"<li><time>{_clock(one.start_s)} to {_clock(one.end_s)}</time> <span"
        f" dir='auto'>{shown(one.text)}</span></li>"
        for one in result.segments
    )
    text = shown(result.text)
    copy = (
        f'<button type="button" class="copy" data-copy="{text}" aria-label="Copy the'
        ' transcript">Copy</button>'
    )
    return (
        '<section class="transcribed" aria-label="Transcript"><p class="best"'
        f' dir="auto">{text}</p>{copy}'
        f'<ol class="segments" aria-label="Segments between pauses">{rows}</ol>'
        f'<p class="quiet">{result.duration_s:.1f} seconds.</p></section>'
    )


def _clock(seconds: float) -> str:
    minutes, rest = divmod(seconds, 60)
    return f"{int(minutes)}:{rest:04.1f}"
