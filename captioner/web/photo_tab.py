"""The Photo tab: captions one photo, and shows where the model looked for each word."""

import random
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import gradio as gr

from captioner.errors import CaptionerError
from captioner.outputs.page import fractions
from captioner.pretrained.samples import sample_photos
from captioner.web.caption_view import caption_view, word_rows
from captioner.web.controls import (
    Handlers,
    answer,
    endpoint,
    language_choice,
    model_choice,
    search_options,
    uploads_only,
)
from captioner.web.limits import Limits
from captioner.web.registry import ModelRegistry
from captioner.web.uploads import read_upload

if TYPE_CHECKING:
    from PIL import Image

    from captioner.pipeline import CaptionResult

BEGINNING = "(...values) => window.captionerBeginning(values)"  # the text up to the cursor
NUM_CONCEPTS = 4  # how many detected words are shown
EMPTY = """<div class="empty"><p>Your captions appear here.</p>
<p class="quiet">Drop a photo, paste one, take one with the camera, or choose an example. It stays
on the machine that runs this page and is removed after a while.</p></div>"""


def photo_tab(registry: ModelRegistry, limits: Limits) -> None:
    """Lay the tab out and connect it."""
    with gr.Row(elem_classes="two"):
        with gr.Column(scale=2, min_width=300):
            photo = gr.Image(
                label="Photo",
                sources=["upload", "clipboard", "webcam"],
                type="filepath",
                height=280,
                buttons=[],
                elem_id="photo",
                elem_classes="ask",
            )
            uploads_only(photo)
            again = gr.Button("Caption", variant="primary", elem_id="again", elem_classes="ask")
            _examples(photo)
            language = language_choice()
            with gr.Accordion("Options", open=False):
                options = _options(limits)
            model = model_choice(registry, "image")
        with gr.Column(scale=3, min_width=300):
            begin = _beginning()
            captions = gr.HTML(EMPTY, elem_id="captions", elem_classes="answer", js_on_load=None)
    seed = gr.Number(0, label="seed", visible=False)
    found = gr.JSON(label="captions", visible=False)
    handlers = _Handlers(registry, limits)
    changes = [_decided(option) for option in options]
    inputs = [photo, model, language, *options]
    shown = [captions, begin]
    changes = [photo.change, model.change, language.change, *changes]
    answer(changes, handlers.show, inputs, shown, limits)
    # The button has a listener of its own, since a press at the end of another run would otherwise
    # be lost.
    answer([again.click], handlers.show, inputs, shown, limits, "once")
    answer([begin.submit], handlers.go_on, [begin, *inputs], shown, limits, js=BEGINNING)
    asked = [photo, model, *options, seed, begin, language]
    endpoint(handlers.caption, "caption", asked, found, "models", limits.workers)


def _options(limits: Limits) -> list[gr.Slider | gr.Checkbox | gr.Textbox]:
    return [
        gr.Slider(1, limits.num_captions, 3, step=1, label="Captions"),
        gr.Slider(
            1,
            limits.beam_size,
            5,
            step=1,
            label="Beam size",
            info="How many beginnings are kept at each word",
        ),
        gr.Slider(3, limits.max_length, 20, step=1, label="Longest caption, in words"),
        gr.Checkbox(
            False,
            label="Draw words at random",
            info="Each press of Caption then gives other captions",
        ),
        gr.Slider(
            0.1,
            2,
            0.7,
            step=0.1,
            label="Temperature",
            info="Of drawing at random: the lower, the safer",
        ),
        gr.Textbox(
            "", label="Words that must be in it", info="With commas between them", max_length=100
        ),
        gr.Textbox(
            "",
            label="Words that must not be in it",
            info="With commas between them",
            max_length=400,
        ),
    ]


def _beginning() -> gr.Textbox:
    return gr.Textbox(
        "",
        label="Write it otherwise",
        info="Click behind a word, type, and press Enter: the rest is written again.",
        max_length=400,
        elem_id="begin",
        elem_classes="answer",
    )


def _decided(option: gr.Slider | gr.Checkbox | gr.Textbox) -> Any:
    """Return the event that fires once a visitor has finished changing an option."""
    if isinstance(option, gr.Slider):
        return option.release
    return option.blur if isinstance(option, gr.Textbox) else option.change


def _examples(photo: gr.Image) -> None:
    try:
        photos = sample_photos()
    except CaptionerError:
        return  # the page works without examples, too
    gr.Examples(
        [[str(path)] for path in photos],
        photo,
        label="Or one of these",
        cache_examples=False,
        api_visibility="private",
    )


class _Handlers(Handlers):
    """The tab's handlers, for visitors and for programs."""

    def show(self, photo: Any, model: str, language: str, *options: Any) -> tuple[str, str]:
        return self.go_on("", photo, model, language, *options)

    def go_on(
        self, begin: Any, photo: Any, model: str, language: str, *options: Any
    ) -> tuple[str, str]:
        if not photo:
            return EMPTY, ""
        seed = random.randrange(2**31)
        image, result = self._captioned(photo, model, language, *options, seed, begin)
        return caption_view(image, result), result.text

    def caption(
        self,
        photo: Any,
        model: Any,
        num_captions: Any,
        beam_size: Any,
        max_length: Any,
        sample: Any,
        temperature: Any,
        require: Any,
        forbid: Any,
        seed: Any,
        begin: Any = "",
        language: Any = "",
    ) -> dict[str, Any]:
        """Caption one photo.

        Words that must or must not be in it are written with commas between them; captions go on
        from `begin`, and are in `language`, a code such as de. Returns the captions, best first,
        each with its log-probability (nats), its share of the probability of all of them, and how
        likely it is right, if the model tells; the words detected in the photo, likeliest first;
        and each word of the best caption, with its probability and where the model looked, as rows
        of a grid over the photo, all of which sum to 1.
        """
        options = (num_captions, beam_size, max_length, sample, temperature, require, forbid, seed)
        _, result = self._captioned(photo, model, language, *options, begin)
        best = result.candidates[0]
        return {
            "model": model,
            "language": result.language or None,
            "caption": best.text,
            "captions": [
                {
                    "caption": one.text,
                    "log_prob": one.log_prob,
                    "share": fraction,
                    "confidence": one.calibrated,
                }
                for one, fraction in zip(
                    result.candidates, fractions(result.candidates), strict=True
                )
            ],
            "confidence": best.calibrated,
            "concepts": [asdict(one) for one in result.concepts],
            "words": word_rows(best),
        }

    def _captioned(
        self, photo: Any, model: str, language: Any, *options: Any
    ) -> tuple["Image.Image", "CaptionResult"]:
        captioner = self._registry.get(model, "image")
        num_concepts = NUM_CONCEPTS if captioner.recognises else 0
        search = captioner.options(
            **search_options(self._limits, *options),
            concepts=num_concepts,
            language=str(language or ""),
        )
        image = read_upload(photo, "a photo", captioner.preprocess.read)
        return image, captioner.caption_images([image], search)[0]
