"""Builds the whole page: a heading, and a tab for each task of the registry's models."""

import gradio as gr

from captioner.web.controls import endpoint
from captioner.web.evaluate_tab import evaluate_tab
from captioner.web.folder_tab import folder_tab
from captioner.web.limits import Limits
from captioner.web.photo_tab import photo_tab
from captioner.web.recognize_tab import recognize_tab
from captioner.web.registry import ModelRegistry
from captioner.web.transcribe_tab import transcribe_tab
from captioner.web.translate_tab import translate_tab

TITLE = "captioner"
HEADING = """<header class="heading"><h1>captioner</h1>
<p>Says what is in a photo, a sentence, a recording or a clip, and shows where it looked.
Small models, on this machine alone.</p></header>"""
# Each tab's label, the modality of its models, and the function that builds it. Scoring needs no
# model.
TABS = (
    ("Photo", "image", photo_tab),
    ("Folder", "image", folder_tab),
    ("Translate", "text", translate_tab),
    ("Transcribe", "speech", transcribe_tab),
    ("Recognize", "video", recognize_tab),
    ("Evaluate", None, evaluate_tab),
)


def build_page(registry: ModelRegistry, limits: Limits) -> gr.Blocks:
    """Return the page, not yet served.

    Args:
        registry: The models; a tab is shown only if there is a model of its modality.
        limits: What one visitor may ask for.
    """
    with gr.Blocks(
        title=TITLE,
        analytics_enabled=False,
        delete_cache=(limits.sweep_s, limits.keep_s),
        fill_width=False,
    ) as page:
        gr.HTML(HEADING, elem_id="heading", js_on_load=None)
        with gr.Tabs():
            for label, modality, tab in TABS:
                if modality is None or registry.names(modality):
                    with gr.Tab(label, id=label.lower()):
                        tab(registry, limits)
        endpoint(registry.models, "models", [], gr.JSON(label="models", visible=False), "list")
    blocks: gr.Blocks = page
    page.queue(max_size=limits.waiting, default_concurrency_limit=limits.workers)
    return blocks
