"""`train` and `models`: examples to a model, and the models that are there."""

from typing import Annotated

import typer

from captioner.config import CONFIGS, load_config
from captioner.errors import MissingExtraError


def train(
    config: Annotated[str, typer.Argument(help="A TOML file, or the name of a config that ships, such as flickr8k.")],
    overrides: Annotated[list[str] | None, typer.Argument(help="section.key=value, as often as needed.")] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the run's newest checkpoint, or begin if there is none.")
    ] = False,
) -> None:
    """Train a model on your own photos and captions; a killed run goes on with --resume."""
    shipped = CONFIGS / f"{config}.toml"
    settings = load_config(shipped if shipped.is_file() else config, overrides or [])
    try:
        from captioner.training import train as run
    except ModuleNotFoundError as error:
        raise MissingExtraError(error.name or "accelerate", "train") from error
    folder = run(settings, resume=resume)
    print(f"the best model is in {folder}: captioner caption PHOTO --model {folder}")


def models() -> None:
    """List the models that ship, with what their cards say."""
    from captioner.model_list import describe_models

    for line in describe_models():
        print(line)
