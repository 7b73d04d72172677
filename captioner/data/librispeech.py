"""Reads LibriSpeech's layout: `SPEAKER/CHAPTER/SPEAKER-CHAPTER.trans.txt` beside its recordings."""

from pathlib import Path

from captioner.data.text_file import read_text
from captioner.data.utterance import Utterance
from captioner.errors import AnnotationError

TRANSCRIPTS = "*.trans.txt"


def read_librispeech(folder: Path) -> list[Utterance]:
    """Read all chapters below a folder; the texts, which are in capitals, become lower-case.

    Raises:
        AnnotationError: A file of transcripts cannot be read, or a line has no text.

    Source:
        Panayotov et al. 2015, "Librispeech: an ASR corpus based on public domain audio books".
    """
    utterances = []
    for file in sorted(folder.rglob(TRANSCRIPTS)):
        for number, line in enumerate(read_text(file).splitlines(), start=1):
            name, _, text = line.strip().partition(" ")
            if not name:
                continue
            if not text:
                raise AnnotationError(
                    f"{file}, line {number}: a recording's name and its text are needed"
                )
            speaker = name.partition("-")[0]
            utterances.append(Utterance(file.parent / f"{name}.flac", text.lower(), speaker))
    return utterances
