"""Makes the server's answers, with the same keys as the command line's JSON lines."""

from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel, Field

if TYPE_CHECKING:
    from captioner.pipeline import Candidate, CaptionResult, TranslationResult

LOG_PROB = Field(description="Its log-probability, nats.")


class CaptionCandidate(BaseModel):
    """One caption that the search found."""

    caption: str
    log_prob: float = LOG_PROB
    confidence: float | None = Field(
        description="How likely it is right, 0 to 1, where the model tells."
    )


class DetectedWord(BaseModel):
    """A word that was detected in the photo."""

    name: str
    probability: float = Field(description="That a person's caption of the photo uses it, 0 to 1.")


class CaptionWord(BaseModel):
    """One word of the best caption, and where the decoder looked."""

    word: str
    log_prob: float = LOG_PROB
    attention: list[list[float]] = Field(
        description="Rows of a grid over the photo, which all sum to 1."
    )


class CaptionAnswer(BaseModel):
    """The captions of one photo."""

    caption: str = Field(description="The best caption.")
    log_prob: float = LOG_PROB
    confidence: float = Field(description="How sure the model is of the best caption, 0 to 1.")
    candidates: list[CaptionCandidate] = Field(description="All captions asked for, best first.")
    model: str
    language: str | None = Field(description="What the captions are written in, such as en.")
    concepts: list[DetectedWord] = Field(
        description="Words detected, likeliest first, as many as `concepts` says."
    )
    words: list[CaptionWord] | None = Field(
        description="The best caption's words, where `attention` asks for them."
    )


class TranslationCandidate(BaseModel):
    """One translation that the search found."""

    text: str
    log_prob: float = LOG_PROB


class TranslatedSentence(BaseModel):
    """One sentence of the text."""

    source: str
    text: str
    doubtful: bool = Field(description="Whether the translation may lack something of the source.")


class TranslatedWord(BaseModel):
    """One word of the best translation, and where the decoder looked."""

    word: str
    log_prob: float = LOG_PROB
    attention: list[float] = Field(description="A weight for each word of the source.")


WordT = TypeVar("WordT", CaptionWord, TranslatedWord)


class TranslationAnswer(BaseModel):
    """The translations of one text."""

    source: str
    text: str = Field(description="The best translation.")
    log_prob: float = LOG_PROB
    candidates: list[TranslationCandidate] = Field(
        description="All translations asked for, best first."
    )
    model: str
    doubtful: bool = Field(description="Whether a sentence is.")
    sentences: list[TranslatedSentence]
    words: list[TranslatedWord] | None = Field(
        description="The best translation's words, where `attention` asks for them."
    )


class ModelEntry(BaseModel):
    """A model of the server."""

    name: str
    kind: str = Field(description="What it reads: image or text.")


class Failure(BaseModel):
    """Why there is no answer."""

    type: str = Field(description="The error's class, such as CorruptFileError.")
    message: str


class FailureAnswer(BaseModel):
    """What a request gets that failed."""

    error: Failure


def caption_answer(result: "CaptionResult", model: str, attention: bool) -> CaptionAnswer:
    """Return what is told of a captioned photo.

    Args:
        result: The captions.
        model: The model's name.
        attention: Whether to tell where the decoder looked.
    """
    best = result.candidates[0]
    return CaptionAnswer(
        caption=best.text,
        log_prob=best.log_prob,
        confidence=best.confidence,
        candidates=[
            CaptionCandidate(caption=one.text, log_prob=one.log_prob, confidence=one.calibrated)
            for one in result.candidates
        ],
        model=model,
        language=result.language or None,
        concepts=[
            DetectedWord(name=one.name, probability=one.probability) for one in result.concepts
        ],
        words=_words(CaptionWord, best) if attention else None,
    )


def translation_answer(
    result: "TranslationResult", model: str, attention: bool
) -> TranslationAnswer:
    """Return what is told of a translated text; the arguments are those of `caption_answer`."""
    best = result.candidates[0]
    return TranslationAnswer(
        source=result.source,
        text=best.text,
        log_prob=best.log_prob,
        candidates=[
            TranslationCandidate(text=one.text, log_prob=one.log_prob) for one in result.candidates
        ],
        model=model,
        doubtful=result.is_doubtful,
        sentences=[
            TranslatedSentence(source=one.source, text=one.text, doubtful=one.is_doubtful)
            for one in result.sentences
        ],
        words=_words(TranslatedWord, best) if attention else None,
    )


def _words(kind: type[WordT], best: "Candidate") -> list[WordT]:
    """Return the words of the best text, with the attention as rows of numbers."""
    rows = zip(best.words, best.word_log_probs, best.attention, strict=True)
    return [
        kind(word=word, log_prob=log_prob, attention=weights.tolist())
        for word, log_prob, weights in rows
    ]
