"""Provides what several tabs share: choices of model and language, search options, and events."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import gradio as gr

from captioner.errors import UsageError
from captioner.pretrained.registry import languages_from
from captioner.web.languages import language_name
from captioner.web.limits import Limits
from captioner.web.messages import told
from captioner.web.registry import ModelRegistry


def model_choice(registry: ModelRegistry, modality: str) -> gr.Dropdown:
    """Add a dropdown of models and the chosen model's card; return the dropdown."""
    names = registry.names(modality)
    model = gr.Dropdown(names, value=names[0], label="Model", filterable=False)
    with gr.Accordion("About this model", open=False):
        card = gr.Markdown(registry.card(names[0]), elem_classes="card")
    model.change(
        told(registry.card),
        model,
        card,
        api_visibility="private",
        show_progress="hidden",
        queue=False,
    )
    return model


def language_choice() -> gr.Dropdown:
    """Return a dropdown of the languages of captions, written by the model or translated."""
    codes = sorted({"en", *languages_from("en")}, key=language_name)
    named = [(language_name(code), code) for code in codes]
    return gr.Dropdown(
        [("As the model writes", ""), *named],
        value="",
        label="Language of the captions",
        filterable=False,
        elem_id="language",
    )


class Handlers:
    """Base class of a tab's handlers, with the page's models and limits."""

    def __init__(self, registry: ModelRegistry, limits: Limits) -> None:
        self._registry = registry
        self._limits = limits


def uploads_only(component: gr.components.Component) -> None:
    """Make a component accept uploaded files only, so that it fetches nothing from an address."""
    move = component.async_move_resource_to_block_cache

    async def move_uploaded(url_or_file_path: str | Path | None) -> str | None:
        if "://" in str(url_or_file_path):
            raise gr.Error(
                "Send the file itself: this page fetches nothing from addresses.",
                print_exception=False,
            )
        return await move(url_or_file_path)

    # Gradio has no option for this.
    component.async_move_resource_to_block_cache = move_uploaded  # type: ignore[method-assign]


def answer(
    triggers: Sequence[Any],
    work: Callable[..., Any],
    inputs: Sequence[Any],
    outputs: Any,
    limits: Limits,
    trigger_mode: Literal["once", "always_last"] = "always_last",
    js: str | None = None,
) -> None:
    """Run a model whenever one of the triggers fires.

    Of the events that occur while it runs, only the last is answered, or none with "once". `js` is
    a JavaScript function that the browser calls first; it returns the inputs.
    """
    gr.on(
        list(triggers),
        told(work),
        list(inputs),
        outputs,
        preprocess=False,
        api_visibility="private",
        trigger_mode=trigger_mode,
        concurrency_id="models",
        concurrency_limit=limits.workers,
        show_progress="minimal",
        js=js,
    )


def endpoint(
    work: Callable[..., Any],
    name: str,
    inputs: Sequence[Any],
    outputs: Any,
    group: str,
    limit: int | None = None,
) -> None:
    """Register a function as an API endpoint; its docstring becomes the endpoint's description."""
    gr.on(
        [],
        told(work, to_program=True),
        list(inputs),
        outputs,
        api_name=name,
        api_description=" ".join((work.__doc__ or "").split()),
        preprocess=False,
        concurrency_id=group,
        concurrency_limit=limit,
        show_progress="hidden",
    )


def within(name: str, value: Any, highest: int) -> int:
    """Return a whole number that a visitor chose.

    Raises:
        UsageError: The value is not a whole number, or is larger than `highest`.
    """
    is_whole = value.is_integer() if isinstance(value, float) else isinstance(value, int)
    if not is_whole or isinstance(value, bool):
        raise UsageError(f"{name} must be a whole number, not {value!r}")
    if value > highest:
        raise UsageError(f"{name} is {value:.0f}; this page allows at most {highest}")
    return int(value)


def search_options(
    limits: Limits,
    num_captions: Any,
    beam_size: Any,
    max_length: Any,
    sample: Any,
    temperature: Any,
    require: Any,
    forbid: Any,
    seed: Any,
    begin: Any = "",
) -> dict[str, Any]:
    """Return the options of one search; the model itself refuses values outside its range."""
    count = within("num_captions", num_captions, limits.num_captions)
    return {
        "num_captions": count,
        # A beam finds no more captions than it is wide.
        "beam_size": max(within("beam_size", beam_size, limits.beam_size), count),
        "max_length": within("max_length", max_length, limits.max_length),
        "sample": sample,
        "temperature": temperature,
        "required_words": words_of(require),
        "banned_words": words_of(forbid),
        "begin": str(begin or "").strip(),
        "seed": seed,
    }


def words_of(text: Any) -> tuple[str, ...]:
    """Split words that a visitor wrote with commas between them."""
    return tuple(word for part in str(text or "").split(",") if (word := part.strip()))
