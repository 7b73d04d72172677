"""Small, fast image-to-text: a convolutional encoder, an attention LSTM decoder and beam search.

`captioner.load("everyday").caption("photo.jpg").text` describes a photo,
`captioner.load("en-de-fr").translate("Two dogs run.").text` translates a sentence,
`captioner.load("digits").transcribe("speech.wav").text` transcribes speech, and
`captioner.load("actions").recognize("clip.mp4").label` names the action in a clip.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from captioner.pipeline import (
        ActionRecognizer,
        Captioner,
        CaptionResult,
        ClipResult,
        Transcriber,
        TranscriptResult,
        TranslationResult,
        Translator,
        load,
    )

__version__ = "0.2.0"
__all__ = [
    "ActionRecognizer",
    "CaptionResult",
    "Captioner",
    "ClipResult",
    "Transcriber",
    "TranscriptResult",
    "TranslationResult",
    "Translator",
    "__version__",
    "load",
]


def __getattr__(name: str) -> Any:
    """Import the pipeline and torch at first use; the command line's help needs neither."""
    if name in __all__:
        from captioner import pipeline

        return getattr(pipeline, name)
    raise AttributeError(f"module 'captioner' has no attribute {name!r}")
