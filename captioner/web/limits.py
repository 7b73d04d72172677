"""Limits what one visitor may ask of the machine that runs the page."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Upper bounds on uploads, work and waiting; a visitor who exceeds one is told so.

    Attributes:
        file_bytes: Bytes of one uploaded file.
        pixels: Pixels of one photo, or of one frame of a clip; 50 million is more than a
            45-megapixel camera makes.
        files: Photos of one run, in a ZIP or sent separately.
        unpacked_bytes: Bytes of all files in a ZIP, unpacked.
        zip_ratio: Unpacked bytes for one packed byte. The ratio is near 1 for photos, near 10 for
            text, and over 1000 for a ZIP bomb.
        text_characters: Characters of one text to translate, some 500 words.
        recording_s: Seconds of one recording to transcribe.
        beam_size: Beams of a search.
        num_captions: Captions of a photo.
        max_length: Words of a caption.
        workers: Models that run at once, and runs over many photos at once.
        waiting: Visitors in the queue; the next one is told that the page is busy.
        keep_s: Seconds after which an uploaded or written file is removed; all files are removed
            when the page ends.
        sweep_s: Seconds between two searches for such files.
    """

    file_bytes: int = 200_000_000
    pixels: int = 50_000_000
    files: int = 500
    unpacked_bytes: int = 1_000_000_000
    zip_ratio: float = 100
    text_characters: int = 3000
    recording_s: float = 600
    beam_size: int = 10
    num_captions: int = 10
    max_length: int = 40
    workers: int = 2
    waiting: int = 40
    keep_s: int = 3600
    sweep_s: int = 300
