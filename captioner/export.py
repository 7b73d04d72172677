"""Exports a model to a folder for ONNX Runtime, with a card that compares speed and scores."""

import platform
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from huggingface_hub import ModelCard, ModelCardData

from captioner.batch import caption_files
from captioner.data.examples import CaptionExample
from captioner.errors import ModelError, OutputError, UsageError
from captioner.evaluation import check_read
from captioner.metrics import score
from captioner.model.captioner_model import CaptionerModel
from captioner.onnx.graphs import export_onnx
from captioner.onnx.int8 import quantize
from captioner.pipeline import Captioner, load_captioner
from captioner.pretrained.registry import find_model

CARD = """---
{header}
---

# {name}, {precision}

The model {name} as ONNX graphs for ONNX Runtime on a CPU: photo to memory, start and step of the
decoder. Config and tokenizer are the model's own; so are licence, training data and limits. Made by

    captioner export MODEL --to {to} --output DIR{calibration}

{measured}"""

MEASURED = """| {num_photos} photos, beam {beam_size} | CIDEr | BLEU-4 | photos a second |
| --- | --- | --- | --- |
{rows}

{same} of {num_photos} captions are torch's to the letter. Files to captions on {machine}, {threads}
threads.
Signature: `{signature}`.
"""


@dataclass(frozen=True)
class Measured:
    """How good and how fast an engine is.

    Attributes:
        name: What was run.
        scores: By metric, times 100.
        rate: Files to captions, photos a second.
        captions: By image id.
        signature: Of the scores.
    """

    name: str
    scores: dict[str, float]
    rate: float
    captions: dict[int | str, str]
    signature: str


def export(
    model: str,
    to: Literal["onnx", "onnx-int8"],
    output: Path,
    calibration: Sequence[str | Path] = (),
    examples: Sequence[CaptionExample] = (),
) -> list[Measured]:
    """Export a model, and measure it where there are examples.

    Args:
        model: As for `captioner.load`.
        to: `onnx` says what torch says; `onnx-int8` has an encoder of bytes.
        output: The folder, which may not be there yet.
        calibration: Photos that an int8 encoder's ranges are taken from.
        examples: Photos and references to measure torch, ONNX and int8 with.

    Returns:
        The measurements, the export's last; none without examples.

    Raises:
        UsageError: The folder is there already, or int8 has no photos to calibrate with.
        ModelError: The model is missing or cannot be exported.
        MissingExtraError: What exports is not installed.
        OutputError: The folder cannot be written.
        DataError: A photo of the examples cannot be read.
    """
    if output.exists():
        raise UsageError(f"{output} is there already: name a new folder")
    if to == "onnx-int8" and not calibration:
        raise UsageError(
            "onnx-int8 needs photos to calibrate with: about 100 like those that will be captioned"
        )
    captioner = load_captioner(model, "cpu", "torch")
    if not isinstance(captioner.model, CaptionerModel):
        raise ModelError(f"{model} is a model of transformers, which captioner does not export")
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=output.parent, prefix=f".{output.name}-") as part:
            graphs, int8 = Path(part, "float32"), Path(part, "int8")
            export_onnx(captioner.model, graphs)
            engines = {"torch": captioner, "onnx": load_captioner(graphs, "cpu", "onnx")}
            made = graphs
            if to == "onnx-int8":
                quantize(graphs, calibration, int8)
                engines[to], made = load_captioner(int8, "cpu", "onnx"), int8
            measured = [
                _measure(name, engine, examples) for name, engine in engines.items() if examples
            ]
            _write_card(made, model, captioner, to, measured)
            made.rename(output)
    except OSError as error:
        raise OutputError(f"{output}: the export cannot be written ({error})") from error
    return measured


def _measure(name: str, captioner: Captioner, examples: Sequence[CaptionExample]) -> Measured:
    captions: dict[int | str, str] = {}
    start = time.perf_counter()
    done = caption_files(captioner, [example.image for example in examples], captioner.options())
    for example, one in zip(examples, done, strict=True):
        check_read(one.record, "photo")
        captions[example.image_id] = one.record.caption or ""
    rate = len(examples) / (time.perf_counter() - start)
    report = score(captions, {example.image_id: example.captions for example in examples})
    return Measured(name, report.scores, rate, captions, report.signature)


def _write_card(
    folder: Path, model: str, captioner: Captioner, to: str, measured: Sequence[Measured]
) -> None:
    own = Path(find_model(model), "README.md")
    header: dict[str, Any] = ModelCard.load(own).data.to_dict() if own.is_file() else {}
    header.pop("model-index", None)  # the scores there are another engine's
    text = "Not measured: `--images` and `--references` measure speed and scores.\n"
    if measured:
        before, after = measured[0], measured[-1]
        text = MEASURED.format(
            num_photos=len(after.captions),
            beam_size=captioner.options().beam_size,
            rows="\n".join(
                f"| {one.name} | {one.scores['CIDEr']:.2f} | {one.scores['BLEU-4']:.2f} |"
                f" {one.rate:.1f} |"
                for one in measured
            ),
            same=sum(before.captions[key] == caption for key, caption in after.captions.items()),
            machine=platform.processor() or platform.machine(),
            threads=torch.get_num_threads(),
            signature=after.signature,
        )
    precision = "int8 encoder" if to == "onnx-int8" else "float32"
    header |= {"library_name": "captioner", "pipeline_tag": "image-to-text", "tags": ["onnx"]}
    given = " --calibration PHOTOS" if to == "onnx-int8" else ""
    card = CARD.format(
        header=ModelCardData(**header).to_yaml(),
        name=captioner.name,
        precision=precision,
        to=to,
        calibration=given,
        measured=text,
    )
    ModelCard(card).save(folder / "README.md")
