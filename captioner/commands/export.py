"""`export`: writes a model as ONNX graphs, which run faster on a CPU."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from captioner.commands.evaluate import Split
from captioner.errors import UsageError
from captioner.terminal import print_told


def export(
    model: Annotated[
        str,
        typer.Argument(help="A model that `captioner models` lists, a folder, or a hub's name."),
    ],
    output: Annotated[Path, typer.Option(help="The folder that is made.")],
    to: Annotated[
        Literal["onnx", "onnx-int8"],
        typer.Option(
            help="onnx gives the same captions; onnx-int8 is smaller and faster, and loses a"
            " little."
        ),
    ] = "onnx",
    calibration: Annotated[
        list[str] | None,
        typer.Option(
            help="For onnx-int8: photos, folders or globs like what will be captioned; 100 are"
            " enough."
        ),
    ] = None,
    images: Annotated[
        Path | None, typer.Option(help="Folder of photos to measure speed and scores with.")
    ] = None,
    references: Annotated[
        Path | None, typer.Option(help="Their captions, as for `evaluate`.")
    ] = None,
    split: Split = None,
) -> None:
    """Export a model to ONNX; the card in the new folder says what was measured."""
    if (images is None) != (references is None):
        raise UsageError(
            "--images and --references belong together: photos, and what people say of them"
        )
    from captioner.batch import find_photos
    from captioner.evaluation.captions import read_examples
    from captioner.export import export as run

    examples = read_examples(images, references, split) if images and references else []
    photos = find_photos(calibration).files if calibration else []
    for measured in run(model, to, output, photos, examples):
        scores = ", ".join(f"{name} {measured.scores[name]:.2f}" for name in ("CIDEr", "BLEU-4"))
        print_told(f"{measured.name:10} {measured.rate:6.1f} photos/s, {scores}")
    print_told(f"the graphs are in {output}: captioner caption PHOTO --model {output}")
