"""Defines the options that several commands share, and the functions that read them."""

from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer

from captioner.config import SearchConfig
from captioner.errors import UsageError
from captioner.home import in_home


def describe(field: str) -> str:
    """Return the description of a search option, so that help and config cannot drift apart."""
    return SearchConfig.model_fields[field].description or ""


Model = Annotated[
    str,
    typer.Option(help="A model that `captioner models` lists, a folder, or a hub's owner/name."),
]
Models = Annotated[
    list[str],
    typer.Option(
        "--model",
        help="A model that `captioner models` lists, a folder, or a hub's owner/name. Repeated:"
        " models of one vocabulary that write together.",
    ),
]
BeamSize = Annotated[
    int | None, typer.Option(help=describe("beam_size") + " Default: the model's own.")
]
BatchSize = Annotated[int, typer.Option(min=1, help="Photos in one pass of the model.")]
Host = Annotated[
    str,
    typer.Option(help="The address to serve to; 0.0.0.0 serves to all who can reach this machine."),
]
Device = Annotated[str, typer.Option(help="cpu, cuda, mps, or auto for the fastest that is there.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


TEXTS_OF_FILES = frozenset({"paths", "model", "split", "calibration"})
"""The parameters of commands that name files as strings; any `Path` names a file, too."""


class Commands(typer.Typer):
    """A group of commands that expand `~` in paths to the home folder.

    Shells do not expand it in `--output=~/x` or in quotes.
    """

    def command(  # type: ignore[override]  # all arguments are passed on
        self, *arguments: Any, **options: Any
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Return a decorator that adds a function to the commands."""
        add = super().command(*arguments, **options)

        def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
            @wraps(function)
            def run(**given: Any) -> None:
                function(
                    **{
                        name: _in_home(value, name in TEXTS_OF_FILES)
                        for name, value in given.items()
                    }
                )

            add(run)
            return function

        return decorate


def _in_home(value: Any, is_file: bool) -> Any:
    if isinstance(value, list):
        return [_in_home(one, is_file) for one in value]
    if isinstance(value, Path):
        return Path(in_home(str(value)))
    return in_home(value) if is_file and isinstance(value, str) else value


def given(**options: Any) -> dict[str, Any]:
    """Return the options that the user gave, without those that are None."""
    return {name: value for name, value in options.items() if value is not None}


def read_once(files: Sequence[Path]) -> None:
    """Check that `-`, standard input, is named at most once.

    Raises:
        UsageError: It is named more than once.
    """
    if sum(map(is_stream, files)) > 1:
        raise UsageError("-: standard input can be read once; give the other files by name")


def is_stream(file: Path | None) -> bool:
    """Tell whether a name is `-`, for standard input or output."""
    return file == Path("-")
