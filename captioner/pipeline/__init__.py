"""A name to words in one line, `load("everyday").caption("photo.jpg")`."""

from captioner.outputs.record import Segment
from captioner.pipeline.captioner import Captioner
from captioner.pipeline.loading import (
    load,
    load_captioner,
    load_recognizer,
    load_transcriber,
    load_translator,
)
from captioner.pipeline.recognizer import ActionRecognizer
from captioner.pipeline.result import (
    Candidate,
    CaptionResult,
    ClipResult,
    SentenceResult,
    TranscriptResult,
    TranslationResult,
)
from captioner.pipeline.transcriber import Transcriber
from captioner.pipeline.translator import Translator
from captioner.pretrained.registry import find_model, list_models

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
