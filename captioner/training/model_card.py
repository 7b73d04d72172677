"""What a model says of itself: data, licence, scores with signature, command. Written beside its weights."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from captioner.config import Config
from captioner.metrics import Report

CARD = """---
library_name: captioner
pipeline_tag: image-to-text
license: {license_id}
---

# {name}

An attention LSTM decoder that writes a sentence about a photo, on features of `{backbone}` ({backbone_state}).

| | |
| --- | --- |
| Training data | {data}, {num_epochs} epochs |
| Licence of the data | {license} |
| Weights in this folder | float16 safetensors; a frozen backbone comes from where it was published |
| Input | {width} x {height} pixels, other shapes are fitted by `{resize}` |
| Command | `captioner train {name}.toml` with the settings in `config.json` |

## Scores

Validation split, {num_images} photos, beam {beam_size}, times 100. Chosen on this very split, so a fresh set will score a little lower.

{scores}

Signature: `{signature}`

## Limits

The model knows the words and the scenes of its training captions and no others: shown anything else it names the nearest thing
that it knows, with no less confidence. It repeats the biases of those captions, for instance about people's sex and age. Do not
rely on it where a wrong description can do harm.
"""


def write_model_card(folder: Path, config: Config, report: Report, history: Sequence[dict[str, Any]]) -> None:
    """Write `README.md` into a model's folder."""
    frozen = config.encoder.trainable_from is None
    text = CARD.format(
        license_id="other",
        name=Path(config.training.output).name,
        backbone=config.encoder.backbone,
        backbone_state="frozen" if frozen else f"fine-tuned from stage {config.encoder.trainable_from}",
        data=config.data.name or Path(config.data.captions).name,
        num_epochs=len(history),
        license=config.data.license or "not stated",
        width=config.image.width,
        height=config.image.height,
        resize=config.image.resize,
        num_images=report.num_images,
        beam_size=config.search.beam_size,
        scores="\n".join(
            ["| " + " | ".join(row) + " |" for row in (report.scores, ["---"] * len(report.scores))]
            + ["| " + " | ".join(f"{score:.2f}" for score in report.scores.values()) + " |"]
        ),
        signature=report.signature,
    )
    (folder / "README.md").write_text(text, encoding="utf-8")
