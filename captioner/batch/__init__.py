"""Many photos, unattended: finds them, captions them while others are read, and can be gone on with after any end."""

from captioner.batch.batches import Captioned, caption_batches, caption_files
from captioner.batch.finding import Found, find_clips, find_photos, find_recordings
from captioner.batch.run import Destinations, is_finished, left_to_do, run_folder
from captioner.batch.summary import Summary, Wording

__all__ = [
    "Captioned",
    "Destinations",
    "Found",
    "Summary",
    "Wording",
    "caption_batches",
    "caption_files",
    "find_clips",
    "find_photos",
    "find_recordings",
    "is_finished",
    "left_to_do",
    "run_folder",
]
