"""What several commands share: options that mean the same everywhere, and how the model is loaded."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from captioner.config import SearchConfig
from captioner.errors import UsageError

if TYPE_CHECKING:
    from captioner.pipeline import ActionRecognizer, Captioner


def describe(field: str) -> str:
    """Return the description of a search option, so that help and config cannot drift apart."""
    return SearchConfig.model_fields[field].description or ""


Model = Annotated[str, typer.Option(help="A model that `captioner models` lists, a folder, or a hub's owner/name.")]
Models = Annotated[
    list[str],
    typer.Option(
        "--model",
        help="A model that `captioner models` lists, a folder, or a hub's owner/name. Repeated: models of one"
        " vocabulary that write together.",
    ),
]
BeamSize = Annotated[int | None, typer.Option(help=describe("beam_size") + " Default: the model's own.")]
BatchSize = Annotated[int, typer.Option(min=1, help="Photos in one pass of the model.")]
Device = Annotated[str, typer.Option(help="cpu, cuda, mps, or auto for the fastest that is there.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def given(**options: Any) -> dict[str, Any]:
    """Leave out what the user did not say."""
    return {name: value for name, value in options.items() if value is not None}


def load_model(model: str | list[str], device: str, engine: str = "auto", num_photos: int = 1) -> "Captioner":
    """Load a model; torch is imported here and not before."""
    from captioner.pipeline import load_captioner

    return load_captioner(model, device, engine, num_photos)


def load_recognizer(model: str | list[str], device: str) -> "ActionRecognizer":
    """Load a model of clips; torch is imported here and not before."""
    from captioner.pipeline import load_recognizer as load

    return load(model, device)


def read_once(files: Sequence[Path]) -> None:
    """See that `-`, standard input, is named for one file at most.

    Raises:
        UsageError: It is named for several.
    """
    if sum(map(is_stream, files)) > 1:
        raise UsageError("-: standard input can be read once; give the other files by name")


def is_stream(file: Path | None) -> bool:
    """Tell whether a name is `-`, for standard input or output."""
    return file == Path("-")
