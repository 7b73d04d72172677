"""Runs over many files, unattended: finds them, captions them, and resumes interrupted runs."""

from captioner.batch.batches import FileResult, caption_batches, caption_files
from captioner.batch.destinations import Destinations
from captioner.batch.finding import Found, find_clips, find_photos, find_recordings
from captioner.batch.run import Run
from captioner.batch.summary import Labels, Summary

__all__ = [
    "Destinations",
    "FileResult",
    "Found",
    "Labels",
    "Run",
    "Summary",
    "caption_batches",
    "caption_files",
    "find_clips",
    "find_photos",
    "find_recordings",
]
