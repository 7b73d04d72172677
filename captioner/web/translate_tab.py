"""The Translate tab: translates a text while it is typed, sentence by sentence."""

from typing import TYPE_CHECKING, Any

import gradio as gr

from captioner.errors import UsageError
from captioner.outputs.page import fractions
from captioner.preprocess.language import is_foreign
from captioner.web.caption_view import word_rows
from captioner.web.controls import Handlers, endpoint, model_choice, within
from captioner.web.languages import (
    FOUND,
    direction,
    language_name,
    source_choices,
    sources,
    target_choices,
)
from captioner.web.limits import Limits
from captioner.web.messages import told
from captioner.web.registry import ModelRegistry
from captioner.web.translation_view import refusal_view, translation_view

if TYPE_CHECKING:
    from captioner.pipeline import TranslationResult

EMPTY = """<div class="empty"><p>The translation appears as you type.</p>
<p class="quiet">Write a sentence, or paste a text. Alternatives follow, and where the model
looked at each word.</p></div>"""
# Waits in the browser until nothing was typed for a while.
PAUSE = "() => window.captionerPause()"
SWAP = "(...values) => window.captionerSwap(values)"
EXAMPLES = {
    "A message to a friend": "Good morning! My train is late, so I will not be there before ten. "
    "Could you start without me? I will bring some coffee and a cake.",
    "A day at the lake": "Yesterday we went to the lake with the children. The water was cold, but "
    "the sun was shining.\n\nTwo boys were playing football on the grass. In the evening we were "
    "all tired and happy.",
}


def translate_tab(registry: ModelRegistry, limits: Limits) -> None:
    """Lay the tab out and connect it."""
    with gr.Row(elem_classes="two"):
        with gr.Column(scale=2, min_width=300):
            source, swap, target = _languages(registry.directions(registry.names("text")[0]))
            text = _text()
            num_captions = gr.Slider(1, limits.num_captions, 3, step=1, label="Alternatives")
            model = model_choice(registry, "text")
        with gr.Column(scale=3, min_width=300):
            translation = gr.HTML(
                EMPTY, elem_id="translation", elem_classes="answer", js_on_load=None
            )
    handlers = _Handlers(registry, limits)
    asked, languages = [text, model, num_captions, source, target], [source, swap, target]
    work: dict[str, Any] = {
        "inputs": asked,
        "trigger_mode": "always_last",
        "concurrency_id": "models",
        "concurrency_limit": limits.workers,
        "preprocess": False,
        "api_visibility": "private",
        "show_progress": "hidden",
    }
    # Of the choices, only what visitors do counts: Gradio sends a `change` after each value that an
    # answer sets, while the others may still be old. The text has one whatever way it arrives.
    paused = text.change(None, js=PAUSE, api_visibility="private", show_progress="hidden")
    typed = paused.then(told(handlers.show), outputs=translation, **work)
    decided = [num_captions.release, text.submit, target.input]
    gr.on(decided, told(handlers.show), outputs=translation, **work)
    offered = [*languages, translation]
    gr.on([model.input, source.input], told(handlers.offer), outputs=offered, **work)
    swapped = [text, source, target, translation]
    swap.click(told(handlers.swap), outputs=swapped, js=SWAP, cancels=typed, **work)
    _endpoint(handlers, [text, model, num_captions], limits)


def _endpoint(handlers: "_Handlers", inputs: list[Any], limits: Limits) -> None:
    """Let programs translate; they need not say between which languages."""
    languages = [gr.Textbox(FOUND, label=label, visible=False) for label in ("source", "target")]
    found = gr.JSON(label="translation", visible=False)
    work = handlers.translate
    endpoint(work, "translate", [*inputs, *languages], found, "models", limits.workers)


def _text() -> gr.Textbox:
    """Put the text there, and examples of it."""
    text = gr.Textbox(
        label="Text",
        lines=5,
        max_lines=16,
        placeholder="Two dogs run across a field.",
        elem_id="sentence",
        elem_classes="ask",
    )
    gr.Examples(
        [[example] for example in EXAMPLES.values()],
        text,
        label="Or one of these",
        example_labels=list(EXAMPLES),
        cache_examples=False,
        api_visibility="private",
    )
    return text


def _languages(
    directions: tuple[tuple[str, str], ...],
) -> tuple[gr.Dropdown, gr.Button, gr.Dropdown]:
    """Put the choice of languages there, and what swaps them; none if the model does not say."""
    read = source_choices(directions)
    written = target_choices(directions, FOUND)
    shown = bool(directions)
    with gr.Row(elem_id="languages", elem_classes="ask"):
        source = gr.Dropdown(
            read, value=_first(read), label="From", filterable=False, min_width=110, visible=shown
        )
        way_back = _has_way_back(directions)
        swap = gr.Button(
            "⇄ Swap", elem_id="swap", min_width=90, scale=0, interactive=way_back, visible=shown
        )
        target = gr.Dropdown(
            written,
            value=_first(written),
            label="To",
            filterable=False,
            min_width=110,
            visible=shown,
        )
    return source, swap, target


def _first(choices: list[tuple[str, str]]) -> str:
    return choices[0][1] if choices else FOUND


class _Handlers(Handlers):
    """The tab's handlers, for visitors and for programs."""

    def offer(
        self, text: Any, model: Any, num_captions: Any, source: Any, target: Any
    ) -> tuple[Any, Any, Any, str]:
        """Offer a model's languages and translate; what was chosen stays chosen where it can."""
        directions = self._registry.directions(model)
        read = source_choices(directions)
        source = source if source in dict(read).values() else _first(read)
        written = target_choices(directions, source)
        target = target if target in dict(written).values() else _first(written)
        return (
            gr.update(choices=read, value=source, visible=bool(directions)),
            gr.update(interactive=_has_way_back(directions), visible=bool(directions)),
            gr.update(choices=written, value=target, visible=bool(directions)),
            self.show(text, model, num_captions, source, target),
        )

    def swap(
        self, text: Any, model: Any, num_captions: Any, source: Any, target: Any
    ) -> tuple[Any, Any, Any, str]:
        """Put each language in the place of the other, and translate."""
        directions = self._registry.directions(model)
        back = [
            (begin, end) for begin, end in directions if begin == target and source in (FOUND, end)
        ]
        if not back:
            raise UsageError(f"this model does not translate from {language_name(target)} back")
        source, target = back[0]
        written = gr.update(choices=target_choices(directions, source), value=target)
        return text, source, written, self.show(text, model, num_captions, source, target)

    def show(self, text: Any, model: str, *options: Any) -> str:
        """Return a translation as HTML, or why there is none."""
        question = str(text or "")
        if not question.strip():
            return EMPTY
        try:
            result, (read, written) = self._translated(text, model, *options)
        except UsageError as error:
            return refusal_view(f"{str(error)[:1].upper()}{str(error)[1:]}.", question)
        if not read:
            return translation_view(result, question)
        found = (
            ""
            if options[1] or len(sources(self._registry.directions(model))) == 1
            else ", found by itself,"
        )
        languages = f"{language_name(read)}{found} to {language_name(written)}"
        note = (
            f"This does not read like {language_name(read)}."
            if is_foreign(question, [read])
            else ""
        )
        return translation_view(result, question, languages, read, note)

    def translate(
        self, text: Any, model: Any, num_captions: Any, source: Any = FOUND, target: Any = FOUND
    ) -> dict[str, Any]:
        """Translate one text.

        Languages are codes such as de; without them, the source language is found and the target
        language is the first that the model writes. Returns the translations, best first, each
        with its log-probability (nats) and its share of the probability of all of them; of the best
        one its sentences with those of the text, and each word, its probability and how the model's
        attention was spread over the words of the text.
        """
        result, (read, written) = self._translated(text, model, num_captions, source, target)
        best = result.candidates[0]
        return {
            "model": model,
            "source_language": read,
            "target_language": written,
            "translation": best.text,
            "translations": [
                {"translation": one.text, "log_prob": one.log_prob, "share": fraction}
                for one, fraction in zip(
                    result.candidates, fractions(result.candidates), strict=True
                )
            ],
            "sentences": [
                {"source": one.source, "translation": one.text, "doubtful": one.is_doubtful}
                for one in result.sentences
            ],
            "source_words": list(result.source_words),
            "words": word_rows(best),
        }

    def _translated(
        self, text: Any, model: str, num_captions: Any, source: Any, target: Any
    ) -> tuple["TranslationResult", tuple[str, str]]:
        """Translate a text; return its languages too, empty where the model does not say."""
        text, limit = str(text or ""), self._limits.text_characters
        if not text.strip():
            raise UsageError("write a sentence first")
        if len(text) > limit:
            raise UsageError(
                f"the text has {len(text):,} characters, and this page translates at most"
                f" {limit:,} at once: leave out {len(text) - limit:,} of them,"
                " or translate a file with captioner translate --input"
            )
        count = within("num_captions", num_captions, self._limits.num_captions)
        translator = self._registry.get(model, "text")
        directions = self._registry.directions(model)
        read, written = (
            direction(text, directions, str(source), str(target)) if directions else (FOUND, FOUND)
        )
        languages = {"source": read or None, "target": written or None}
        result = translator.translate(
            text, **languages, num_captions=count, beam_size=max(5, count)
        )
        return result, (read, written)


def _has_way_back(directions: tuple[tuple[str, str], ...]) -> bool:
    return any((end, begin) in directions for begin, end in directions)
