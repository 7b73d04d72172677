"""Writes results to files: JSON lines, tables, COCO results, sidecars, a page, attention maps."""

from captioner.outputs.attention import AttentionWriter, draw_attention, draw_frames
from captioner.outputs.caption_text import CaptionText
from captioner.outputs.formats import check_outputs, failures_in, open_writer
from captioner.outputs.record import Candidate, ErrorInfo, Record
from captioner.outputs.sidecar import SidecarWriter
from captioner.outputs.translations import draw_alignment
from captioner.outputs.writer import Writer

__all__ = [
    "AttentionWriter",
    "Candidate",
    "CaptionText",
    "ErrorInfo",
    "Record",
    "SidecarWriter",
    "Writer",
    "check_outputs",
    "draw_alignment",
    "draw_attention",
    "draw_frames",
    "failures_in",
    "open_writer",
]
