"""The Translate tab: a sentence to its translation as it is typed, with alternatives."""

from typing import Any

import gradio as gr

from captioner.errors import UsageError
from captioner.web.caption_view import shares, word_rows
from captioner.web.controls import endpoint, model_choice, within
from captioner.web.limits import Limits
from captioner.web.messages import told
from captioner.web.registry import ModelRegistry
from captioner.web.translation_view import translation_view

EMPTY = """<div class="empty"><p>The translation appears as you type.</p>
<p class="quiet">Write a sentence. Alternatives follow, and where the model looked at each word.</p>
</div>"""
# Waits in the browser until nothing was typed for a while, and then sends what stands there by
# then.
PAUSE = "(...values) => window.captionerPause(values)"


def translate_tab(registry: ModelRegistry, limits: Limits) -> None:
    """Lay the tab out and connect it."""
    with gr.Row(elem_classes="two"):
        with gr.Column(scale=2, min_width=300):
            text = gr.Textbox(
                label="Text",
                lines=3,
                max_length=limits.text_characters,
                placeholder="Two dogs run across a field.",
                elem_id="sentence",
                elem_classes="ask",
            )
            num_captions = gr.Slider(1, limits.num_captions, 3, step=1, label="Alternatives")
            model = model_choice(registry, "text")
        with gr.Column(scale=3, min_width=300):
            translation = gr.HTML(
                EMPTY, elem_id="translation", elem_classes="answer", js_on_load=None
            )
    handlers = _Handlers(registry, limits)
    inputs = [text, model, num_captions]
    common: dict[str, Any] = {
        "preprocess": False,
        "api_visibility": "private",
        "trigger_mode": "always_last",
        "concurrency_id": "models",
        "concurrency_limit": limits.workers,
        "show_progress": "hidden",
    }
    text.change(told(handlers.show), inputs, translation, js=PAUSE, **common)
    gr.on(
        [model.change, num_captions.release, text.submit],
        told(handlers.show),
        inputs,
        translation,
        **common,
    )
    found = gr.JSON(label="translation", visible=False)
    endpoint(handlers.translate, "translate", inputs, found, "models", limits.workers)


class _Handlers:
    """What the tab answers, to visitors and to programs."""

    def __init__(self, registry: ModelRegistry, limits: Limits) -> None:
        self._registry = registry
        self._limits = limits

    def show(self, text: Any, model: str, num_captions: Any) -> str:
        if not str(text or "").strip():
            return EMPTY
        return translation_view(self._translated(text, model, num_captions), str(text))

    def translate(self, text: Any, model: Any, num_captions: Any) -> dict[str, Any]:
        """Translate one sentence.

        Returned are the translations, best first, each with its log-probability (nats) and its
        share of the probability of all of them; and of the best one each word, its probability and
        how the model's attention was spread over the words of the sentence.
        """
        result = self._translated(text, model, num_captions)
        best = result.candidates[0]
        return {
            "model": model,
            "translation": best.text,
            "translations": [
                {"translation": one.text, "log_prob": one.log_prob, "share": share}
                for one, share in zip(result.candidates, shares(result.candidates), strict=True)
            ],
            "source_words": list(result.source_words),
            "words": word_rows(best),
        }

    def _translated(self, text: Any, model: str, num_captions: Any) -> Any:
        sentence = str(text or "").strip()
        longest = self._limits.text_characters
        if not sentence:
            raise UsageError("write a sentence first")
        if len(sentence) > longest:
            raise UsageError(f"{len(sentence)} characters; this page translates at most {longest}")
        count = within("num_captions", num_captions, self._limits.num_captions)
        translator = self._registry.get(model, "text")
        return translator.translate(sentence, num_captions=count, beam_size=max(5, count))
