"""Writes a table of what the model says about some validation examples, epoch by epoch."""

from collections.abc import Mapping, Sequence
from pathlib import Path

NUM_SAMPLES = 10


def write_samples(
    file: Path,
    epoch: int,
    names: Sequence[str],
    targets: Sequence[Sequence[str]],
    texts: Mapping[int, str],
) -> None:
    """Write a Markdown table of ten validation examples, which are the same in every epoch.

    Args:
        file: The file, which is overwritten.
        epoch: Counted from 1.
        names: The name of each example.
        targets: The references of each; the first one is shown.
        texts: The model's texts, by the examples' numbers.
    """
    shown = [len(names) * place // NUM_SAMPLES for place in range(NUM_SAMPLES)]
    rows = [(names[number], texts[number], targets[number][0]) for number in dict.fromkeys(shown)]
    lines = [
        f"After epoch {epoch}",
        "",
        "| example | the model | a person |",
        "| --- | --- | --- |",
    ]
    lines += [f"| {' | '.join(map(_cell, row))} |" for row in rows]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8", errors="replace")


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
