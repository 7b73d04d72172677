"""Writes a model's card and settings: data, licence, scores, limits, and the training command."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from huggingface_hub import EvalResult, ModelCard, ModelCardData

from captioner.config import Experiment, Section, without_folder
from captioner.metrics import Report


@dataclass(frozen=True)
class CardTexts:
    """The texts of a card that depend on the modality.

    Attributes:
        task: The task's name on model hubs.
        languages: Language codes.
        data: What the model was trained on.
        summary: What the model is, in one sentence.
        weights: What the model's folder holds.
        inputs: What the model reads.
        items: What is counted, such as photos or sentences.
        limits: What the model is bad at.
    """

    task: str
    languages: list[str]
    data: str
    summary: str
    weights: str
    inputs: str
    items: str
    limits: str


CARD = """---
{header}
---

# {name}

{summary}

| | |
| --- | --- |
| Training data | {data}; {num_epochs} epochs |
| Terms of the data | {license} |
| Weights in this folder | {weights} |
| Input | {inputs} |
| Command | `captioner train training_config.json {paths}`, with the file beside this one |

## Scores

Validation split, {num_items:,} {items}, beam {beam_size}, times 100. The epoch was chosen on this
split, so a fresh set may score a little lower.

{scores}

Signature: `{signature}`

![Training loss and validation scores by epoch](curves.png)

## Limits

{limits}
"""


def write_training_config(folder: Path, config: Experiment) -> None:
    """Write `training_config.json`: all settings of the run, paths by their last part alone."""
    tables = config.model_dump(mode="json")
    for section in ("data", "training"):
        _leave_out_folders(tables[section], getattr(config, section))
    for name, one in getattr(config.data, "sets", {}).items():
        _leave_out_folders(tables["data"]["sets"][name], one)
    (folder / "training_config.json").write_text(
        json.dumps(tables, indent=2) + "\n", encoding="utf-8"
    )


def _score_table(scores: Mapping[str, float]) -> str:
    """Return a table of scores: one row, or for several sets one row each and their mean."""
    metrics = [name for name in scores if "(" not in name]
    sets = list(
        dict.fromkeys(name.partition(" (")[2].removesuffix(")") for name in scores if "(" in name)
    )
    rows = [metrics, ["---"] * len(metrics), [f"{scores[metric]:.2f}" for metric in metrics]]
    if sets:
        rows = [["", *rows[0]], ["---", *rows[1]], ["mean", *rows[2]]]
        for name in sets:
            of_set = [scores.get(f"{metric} ({name})") for metric in metrics]
            rows.append([name, *("" if value is None else f"{value:.2f}" for value in of_set)])
    return "\n".join(f"| {' | '.join(cells)} |" for cells in rows)


def _leave_out_folders(table: dict[str, Any], section: Section) -> None:
    for field in section.PATHS:
        value = table[field]
        table[field] = (
            [without_folder(path) for path in value]
            if isinstance(value, list)
            else without_folder(value)
        )


def _given_paths(section: Section, where: str) -> list[str]:
    """Return the arguments of the training command for the paths that a section names."""
    told = section.PATHS.keys() - {"cache", "output"}
    named = [field for field in section.PATHS if field in told and getattr(section, field)]
    return [f"{where}.{field}={section.PATHS[field]}" for field in named]


def write_model_card(
    folder: Path,
    config: Experiment,
    texts: CardTexts,
    report: Report,
    history: Sequence[dict[str, Any]],
    metrics: Collection[str],
) -> None:
    """Write `README.md` into a model's folder; `captioner models` and model hubs read its header.

    Args:
        folder: The model's folder.
        config: The experiment.
        texts: The texts that depend on the modality.
        report: Scores on the validation examples.
        history: One entry per epoch.
        metrics: The scores to put into the header.
    """
    name = Path(config.training.output).name
    scores = report.scores
    header = ModelCardData(
        model_name=name,
        language=texts.languages,
        license="other",
        license_name=config.data.license or "not stated",
        library_name="captioner",
        pipeline_tag=texts.task,
        eval_results=[
            EvalResult(
                texts.task,
                config.data.name or texts.data,
                texts.data,
                metric.lower(),
                round(scores[metric], 2),
                metric_name=metric,
                dataset_split="validation",
            )
            for metric in metrics
        ],
    )
    given = _given_paths(config.data, "data")
    for set_name, one in getattr(config.data, "sets", {}).items():
        given += _given_paths(one, f"data.sets.{set_name}")
    given += _given_paths(config.training, "training")
    card = CARD.format(
        **asdict(texts),
        header=header.to_yaml(),
        name=name,
        num_epochs=len(history),
        license=config.data.license or "not stated",
        paths=" ".join(given),
        num_items=report.num_items,
        beam_size=config.search.beam_size,
        scores=_score_table(scores),
        signature=report.signature,
    )
    ModelCard(card).save(folder / "README.md")
