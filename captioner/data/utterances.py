"""Reads recordings and their texts from any known layout, which the path's content decides."""

from collections.abc import Sequence
from pathlib import Path

from captioner.data.librispeech import TRANSCRIPTS, read_librispeech
from captioner.data.speech_manifest import read_manifest
from captioner.data.spoken_digits import read_spoken_digits
from captioner.data.utterance import Utterance
from captioner.errors import AnnotationError, EmptyDataError


def read_utterances(path: Path) -> list[Utterance]:
    """Read a folder in LibriSpeech's layout or of spoken digits, or a manifest.

    A recording in which nothing is said has an empty text.

    Raises:
        AnnotationError: Nothing is there, it is malformed, or it names a recording that is not
            there.
        EmptyDataError: It holds no recordings, or none with a text.
    """
    if not path.is_dir():
        utterances = read_manifest(path)
    elif next(path.rglob(TRANSCRIPTS), None):
        utterances = read_librispeech(path)
    else:
        utterances = read_spoken_digits(path)
    if not utterances:
        raise EmptyDataError(
            f"{path}: it holds no recordings (looked for LibriSpeech's {TRANSCRIPTS}, and for files"
            " named like 7_george_0.flac; a manifest is a file)"
        )
    _check(utterances, path)
    return utterances


def _check(utterances: Sequence[Utterance], path: Path) -> None:
    if missing := [utterance.audio for utterance in utterances if not utterance.audio.is_file()]:
        raise AnnotationError(
            f"{path}: {len(missing):,} of {len(utterances):,} recordings are not there, such as"
            f" {missing[0]}"
        )
    if not any(utterance.text.strip() for utterance in utterances):
        raise EmptyDataError(f"{path}: none of its {len(utterances):,} recordings has a text")
