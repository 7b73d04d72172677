"""Loads a model by name and uses it in one line: `load("everyday").caption("photo.jpg")`."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from captioner.outputs.record import Segment
from captioner.pipeline.captioner import Captioner
from captioner.pipeline.loading import (
    load,
    load_captioner,
    load_recognizer,
    load_transcriber,
    load_translator,
)
from captioner.pipeline.result import (
    Candidate,
    CaptionResult,
    ClipResult,
    SentenceResult,
    TranscriptResult,
    TranslationResult,
)
from captioner.pretrained.registry import find_model, list_models

if TYPE_CHECKING:
    from captioner.pipeline.recognizer import ActionRecognizer
    from captioner.pipeline.transcriber import Transcriber
    from captioner.pipeline.translator import Translator

__all__ = [
    "ActionRecognizer",
    "Candidate",
    "CaptionResult",
    "Captioner",
    "ClipResult",
    "Segment",
    "SentenceResult",
    "Transcriber",
    "TranscriptResult",
    "TranslationResult",
    "Translator",
    "find_model",
    "list_models",
    "load",
    "load_captioner",
    "load_recognizer",
    "load_transcriber",
    "load_translator",
]

NEED_TORCH = {
    "ActionRecognizer": "recognizer",
    "Transcriber": "transcriber",
    "Translator": "translator",
}


def __getattr__(name: str) -> Any:
    """Import a class that needs torch at its first use; photos are captioned without torch."""
    if name in NEED_TORCH:
        return getattr(import_module(f"captioner.pipeline.{NEED_TORCH[name]}"), name)
    raise AttributeError(f"module 'captioner.pipeline' has no attribute {name!r}")
