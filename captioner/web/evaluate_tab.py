"""The Evaluate tab: scores one or two results files against references, and shows the worst ten."""

from typing import Any

import gradio as gr

from captioner.web.controls import endpoint, uploads_only
from captioner.web.evaluation import evaluated, evaluation_view
from captioner.web.limits import Limits
from captioner.web.messages import told
from captioner.web.registry import ModelRegistry
from captioner.web.uploads import Upload, uploads

METRICS = ["bleu", "rouge", "cider", "chrf", "ter", "wer", "cer"]
EMPTY = """<div class="empty"><p>How good are captions, of any system?</p>
<p class="quiet">Send what people wrote (COCO or Karpathy JSON, CSV, token.txt, or plain lines) and
what a system wrote (COCO results, JSON lines, CSV, or plain lines). A second results file is
compared to the first.</p></div>"""


def evaluate_tab(_registry: ModelRegistry, limits: Limits) -> None:
    """Lay the tab out and connect it."""
    with gr.Row(elem_classes="two"):
        with gr.Column(scale=2, min_width=300):
            references = _files("References", "references", elem_classes="ask")
            results = _files("Results: one file or two", "results", elem_classes="ask")
            score = gr.Button("Score", variant="primary", elem_id="score", elem_classes="ask")
            with gr.Accordion("Options", open=False):
                photos = _files("Photos or a ZIP, to see the worst ten", "score-photos")
                split = gr.Textbox(
                    "",
                    label="Split",
                    info="train, val or test, where the references say it",
                    max_lines=1,
                )
                metrics = gr.CheckboxGroup(METRICS, value=METRICS[:3], label="Metrics")
        with gr.Column(scale=3, min_width=300):
            scores = gr.HTML(EMPTY, elem_id="scores", elem_classes="answer", js_on_load=None)
    inputs = [references, results, photos, split, metrics]
    handlers = _Handlers(limits)
    score.click(
        told(handlers.show),
        inputs,
        scores,
        preprocess=False,
        api_visibility="private",
        concurrency_id="scores",
        concurrency_limit=1,
        show_progress="minimal",
    )
    found = gr.JSON(label="scores", visible=False)
    endpoint(handlers.evaluate, "evaluate", inputs, found, "scores", 1)


def _files(label: str, elem_id: str, **options: Any) -> gr.File:
    files = gr.File(label=label, file_count="multiple", height=130, elem_id=elem_id, **options)
    uploads_only(files)
    return files


class _Handlers:
    """The tab's handlers, for visitors and for programs."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits

    def show(self, *given: Any) -> str:
        with evaluated(*_read(*given), self._limits) as evaluation:
            return evaluation_view(evaluation)

    def evaluate(
        self, references: Any, results: Any, photos: Any, split: Any, metrics: Any
    ) -> dict[str, Any]:
        """Score one results file, or two of which the second is compared to the first.

        Returns scores with 95 % intervals and signatures, the result of each comparison, and the
        worst ten items.
        """
        files = _read(references, results, photos, split, metrics)
        with evaluated(*files, self._limits) as evaluation:
            return evaluation.to_dict()


def _read(
    references: Any, results: Any, photos: Any, split: Any, metrics: Any
) -> tuple[list[Upload], list[Upload], list[Upload], str, list[str]]:
    names = [str(name) for name in metrics or []]
    return uploads(references), uploads(results), uploads(photos), str(split or ""), names
