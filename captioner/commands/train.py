"""`train` and `models`: train a model on examples, and list the available models."""

from typing import Annotated

import typer

from captioner.config import CONFIGS, load_config
from captioner.errors import MissingExtraError
from captioner.terminal import print_text, print_told

USES = {
    "image": "caption PHOTO",
    "text": "translate TEXT",
    "photo+text": "translate --photo PHOTO TEXT",
    "speech": "transcribe RECORDING",
    "video": "recognize CLIP",
}
"""How a model of each modality is used."""


def train(
    config: Annotated[
        str, typer.Argument(help="A TOML file, or the name of a config that ships, such as coco.")
    ],
    overrides: Annotated[
        list[str] | None, typer.Argument(help="section.key=value, as often as needed.")
    ] = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume", help="Go on from the run's newest checkpoint, or begin if there is none."
        ),
    ] = False,
) -> None:
    """Train a model on your own photos, sentences, recordings or clips; a killed run resumes."""
    shipped = CONFIGS / f"{config}.toml"
    settings = load_config(shipped if shipped.is_file() else config, overrides or [])
    try:
        from captioner.training import train as run
    except ModuleNotFoundError as error:
        raise MissingExtraError(error.name or "accelerate", "train") from error
    folder = run(settings, resume=resume)
    use = USES[settings.encoder.kind]
    print_told(f"the best model is in {folder}: captioner {use} --model {folder}")
    print_told(f"or, as a web page: captioner app --model {folder}")


def models() -> None:
    """List the models that ship, with what their cards say."""
    from captioner.pretrained.registry import describe_models

    for line in describe_models():
        print_text(line)
