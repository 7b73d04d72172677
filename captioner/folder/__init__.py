"""Many photos, unattended: finds them, captions them while others are read, and can be gone on with after any end."""

from captioner.folder.batches import Captioned, caption_batches, caption_files
from captioner.folder.finding import find_clips, find_photos, find_recordings
from captioner.folder.run import Destinations, is_finished, run_folder
from captioner.folder.summary import Summary, Wording

__all__ = [
    "Captioned",
    "Destinations",
    "Summary",
    "Wording",
    "caption_batches",
    "caption_files",
    "find_clips",
    "find_photos",
    "find_recordings",
    "is_finished",
    "run_folder",
]
