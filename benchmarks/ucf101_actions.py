"""Measure a model of actions on some groups of UCF-101.

How often it is right, what it mistakes, and how fast it is.

    python benchmarks/ucf101_actions.py DIR --groups 8 9 10 11 --model MODEL

The first interval takes clips for independent (Wilson's); the second draws whole groups anew, since
the clips of one group are cut from one video. Where every clip is right, the second says nothing.
"""

import argparse
import os
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from captioner.data.clips import ClipExample, group_of, in_groups, read_clips
from captioner.evaluation.actions import Recognition, evaluate_actions
from captioner.metrics.accuracy import ACCURACY, MEAN_CLASS_ACCURACY
from captioner.pipeline import load_recognizer

RESAMPLES = 10_000
TOP = 2


def main() -> None:
    """Measure what the command line names."""
    parser = argparse.ArgumentParser(
        description="Measure a model of actions on some groups of UCF-101."
    )
    parser.add_argument(
        "folder", type=Path, metavar="DIR", help="of the clips, in folders by class"
    )
    parser.add_argument("--groups", type=int, nargs="+", required=True)
    parser.add_argument("--model", default="actions")
    options = parser.parse_args()
    examples = in_groups(read_clips(options.folder), options.groups)
    recognizer = load_recognizer(options.model, "cpu")
    groups = ", ".join(map(str, options.groups))
    print(
        f"{options.folder.name}, groups {groups}, model {options.model}, {os.cpu_count()} cores,"
        " torch uses ",
        end="",
    )
    print(f"{torch.get_num_threads()}")
    start = time.perf_counter()
    found = evaluate_actions(recognizer, examples, TOP)
    seconds = time.perf_counter() - start
    scores, interval, (low, high) = (
        found.report.scores,
        found.interval,
        interval_by_groups(examples, found),
    )
    print(
        f"accuracy {scores[ACCURACY]:.1f} % of {len(examples)} clips, mean class accuracy ", end=""
    )
    print(f"{scores[MEAN_CLASS_ACCURACY]:.1f} %, top-{TOP} {found.top_k:.1f} %")
    print(
        f"95 % interval {interval.low:.1f} to {interval.high:.1f} over clips, {low:.1f} to"
        f" {high:.1f} over groups"
    )
    print(f"{len(examples) / seconds:.1f} clips a second, reading included")
    for example, label in zip(examples, found.named, strict=True):
        if label != example.texts[0]:
            print(f"mistaken: {example.clip.name} for {label}")


def interval_by_groups(examples: Sequence[ClipExample], found: Recognition) -> tuple[float, float]:
    """Return where the accuracy lies in 95 of 100 sets of groups, drawn with all their clips."""
    by_group = defaultdict[tuple[str, int | None], list[bool]](list)
    for example, label in zip(examples, found.named, strict=True):
        by_group[example.texts[0], group_of(example.clip)].append(label == example.texts[0])
    right, total = (np.array([count(one) for one in by_group.values()]) for count in (sum, len))
    drawn = np.random.default_rng(0).integers(len(total), size=(RESAMPLES, len(total)))
    low, high = np.percentile(100 * right[drawn].sum(1) / total[drawn].sum(1), [2.5, 97.5])
    return float(low), float(high)


if __name__ == "__main__":
    main()
