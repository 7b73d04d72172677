"""The Recognize tab: names the action in a clip, and shows how much each frame counted."""

import math
from typing import TYPE_CHECKING, Any

import gradio as gr

from captioner.web.clip_view import clip_view
from captioner.web.controls import Handlers, answer, endpoint, model_choice, uploads_only, within
from captioner.web.limits import Limits
from captioner.web.registry import ModelRegistry
from captioner.web.uploads import read_upload

if TYPE_CHECKING:
    from captioner.pipeline import ClipResult
    from captioner.preprocess.video import Clip

EMPTY = """<div class="empty"><p>What happens in the clip appears here.</p>
<p class="quiet">Drop a clip, or choose one. It stays on the machine that runs this page and is
removed after a while.</p></div>"""


def recognize_tab(registry: ModelRegistry, limits: Limits) -> None:
    """Lay the tab out and connect it."""
    with gr.Row(elem_classes="two"):
        with gr.Column(scale=2, min_width=300):
            # Gradio's video player would load 30 MB of code for trimming clips; the answer shows
            # the frames.
            clip = gr.File(
                label="Clip", file_types=["video"], height=160, elem_id="clip", elem_classes="ask"
            )
            uploads_only(clip)
            top = gr.Slider(1, limits.num_captions, 3, step=1, label="Answers")
            model = model_choice(registry, "video")
        with gr.Column(scale=3, min_width=300):
            actions = gr.HTML(EMPTY, elem_id="actions", elem_classes="answer", js_on_load=None)
    handlers = _Handlers(registry, limits)
    inputs = [clip, model, top]
    answer([clip.change, model.change, top.release], handlers.show, inputs, actions, limits)
    found = gr.JSON(label="actions", visible=False)
    endpoint(handlers.recognize, "recognize", inputs, found, "models", limits.workers)


class _Handlers(Handlers):
    """The tab's handlers, for visitors and for programs."""

    def show(self, clip: Any, model: str, top: Any) -> str:
        return clip_view(*self._recognized(clip, model, top)) if clip else EMPTY

    def recognize(self, clip: Any, model: Any, top: Any) -> dict[str, Any]:
        """Name the action in one clip.

        Returns the labels, best first, each with its probability; and for the best one, how much
        each frame that the model saw counted, with its time (seconds).
        """
        _, result = self._recognized(clip, model, top)
        weights = result.attention.mean(0).round(5).tolist()
        return {
            "model": model,
            "label": result.label,
            "labels": [
                {"label": one.text, "probability": math.exp(one.log_prob)}
                for one in result.candidates
            ],
            "duration_s": result.duration_s,
            "frames": [
                {"time_s": time_s, "attention": weight}
                for time_s, weight in zip(result.times_s, weights, strict=True)
            ],
        }

    def _recognized(self, clip: Any, model: str, top: Any) -> tuple["Clip", "ClipResult"]:
        recognizer = self._registry.get(model, "video")
        search = recognizer.best_labels(within("top", top, self._limits.num_captions))
        frames = read_upload(clip, "a clip", recognizer.preprocess.read)
        return frames, recognizer.caption_images([frames], search)[0]
