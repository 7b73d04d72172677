"""What a model says of itself, written beside its weights: data, licence, scores with signature, command, settings."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from huggingface_hub import EvalResult, ModelCard, ModelCardData

from captioner.config import Config
from captioner.metrics import Report

# The settings of `[data]` that are paths of this machine, and what stands for them in the command.
PATHS = {"images": "DIR", "captions": "FILE", "val_captions": "FILE", "train_split": "FILE", "val_split": "FILE"}

CARD = """---
{header}
---

# {name}

An attention LSTM that writes a sentence about a photo, on features of `{backbone}` ({backbone_state}).

| | |
| --- | --- |
| Training data | {data}; {num_epochs} epochs |
| Terms of the data | {license} |
| Weights in this folder | float16 safetensors; a frozen backbone comes from where it was published |
| Input | {width} x {height} pixels; photos of other shapes are fitted by `{resize}` |
| Command | `captioner train training_config.json {paths}`, with the settings in that file, beside this one |

## Scores

Validation split, {num_images} photos, beam {beam_size}, times 100. The epoch was chosen on this split, so a fresh set
may score a little lower.

{scores}

Signature: `{signature}`

![Training loss and validation scores by epoch](curves.png)

## Limits

The model knows the words and scenes of its training captions and no others. Shown anything else it names the nearest
thing that it knows, and its probabilities do not tell the two cases apart. It repeats the habits of those captions, for
instance in what they say of people's sex and age. Do not rely on it where a wrong description can do harm.
"""


def write_training_config(folder: Path, config: Config) -> None:
    """Write `training_config.json`: all settings of the run, of its paths the last part alone."""
    tables = config.model_dump(mode="json")
    for section, field in [*(("data", field) for field in (*PATHS, "cache")), ("training", "output")]:
        tables[section][field] = Path(tables[section][field]).name
    (folder / "training_config.json").write_text(json.dumps(tables, indent=2) + "\n", encoding="utf-8")


def write_model_card(folder: Path, config: Config, report: Report, history: Sequence[dict[str, Any]]) -> None:
    """Write `README.md` into a model's folder; `captioner models` and model hubs read its header."""
    name = Path(config.training.output).name
    data = config.data.name or Path(config.data.captions).name
    stage = config.encoder.trainable_from
    scores = report.scores
    header = ModelCardData(
        model_name=name,
        language="en",
        license="other",
        license_name=config.data.license or "not stated",
        library_name="captioner",
        pipeline_tag="image-to-text",
        eval_results=[
            EvalResult(
                "image-to-text",
                config.data.name or "captions",
                data,
                metric.lower(),
                round(value, 2),
                metric_name=metric,
                dataset_split="validation",
            )
            for metric, value in scores.items()
            if metric in ("BLEU-4", "CIDEr")
        ],
    )
    card = CARD.format(
        header=header.to_yaml(),
        name=name,
        backbone=config.encoder.backbone,
        backbone_state="frozen" if stage is None else f"fine-tuned from stage {stage}",
        data=data,
        num_epochs=len(history),
        license=config.data.license or "not stated",
        width=config.image.width,
        height=config.image.height,
        resize=config.image.resize,
        paths=" ".join(f"data.{field}={kind}" for field, kind in PATHS.items() if getattr(config.data, field)),
        num_images=report.num_images,
        beam_size=config.search.beam_size,
        scores="\n".join(
            f"| {' | '.join(cells)} |"
            for cells in (list(scores), ["---"] * len(scores), [f"{value:.2f}" for value in scores.values()])
        ),
        signature=report.signature,
    )
    ModelCard(card).save(folder / "README.md")
