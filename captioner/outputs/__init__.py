"""From captions to files: JSON lines, tables, COCO results, sidecars, a page of photos, maps of attention."""

from captioner.outputs.attention import AttentionWriter, draw_attention
from captioner.outputs.by_suffix import open_writer
from captioner.outputs.contact_sheet import write_contact_sheet
from captioner.outputs.record import Candidate, ErrorInfo, Record
from captioner.outputs.sidecar import SidecarWriter
from captioner.outputs.writer import Writer

__all__ = [
    "AttentionWriter",
    "Candidate",
    "ErrorInfo",
    "Record",
    "SidecarWriter",
    "Writer",
    "draw_attention",
    "open_writer",
    "write_contact_sheet",
]
