"""Measure a model of spoken digits on one speaker of the Free Spoken Digit Dataset.

Word errors, and how fast it is.

    python benchmarks/fsdd_digits.py DIR --speaker SPEAKER --model MODEL

Each recording is transcribed alone, and then rows of 1 to 7 digits, concatenated with pauses of up
to half a second; seeds are fixed, so that every model hears the same rows. A model that never heard
the speaker comes of lists made with `data/fsdd/prepare.py --leave-out SPEAKER`.
"""

import argparse
import os
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from captioner.data.concatenation import concatenate_utterances
from captioner.data.utterance import Utterance
from captioner.data.utterances import read_utterances
from captioner.metrics.significance import confidence_intervals
from captioner.metrics.transcript import TranscriptScorer
from captioner.pipeline import Transcriber, load_transcriber
from captioner.preprocess.audio import Samples, read_audio
from captioner.training.sound import join

MAX_CONCATENATED = 7
MAX_GAP_S = 0.5
SEED = 2026  # no run was trained or validated with it


def main() -> None:
    """Measure what the command line names."""
    parser = argparse.ArgumentParser(description="Measure a model of spoken digits on one speaker.")
    parser.add_argument("folder", type=Path, metavar="DIR", help="of the recordings")
    parser.add_argument("--speaker", required=True)
    parser.add_argument("--model", default="digits")
    parser.add_argument(
        "--concatenated", type=int, default=300, help="how many rows of digits are heard"
    )
    options = parser.parse_args()
    utterances = [one for one in read_utterances(options.folder) if one.speaker == options.speaker]
    transcriber = load_transcriber(options.model, "cpu")
    cores = os.cpu_count()
    print(
        f"{options.folder.name}, speaker {options.speaker}, model {options.model}, {cores} cores,"
        " torch uses ",
        end="",
    )
    print(f"{torch.get_num_threads()}")
    rate_hz = transcriber.sample_rate_hz
    singles = [read_audio(one.audio, rate_hz) for one in utterances]
    measure("single digits", transcriber, singles, [one.text for one in utterances])
    measure("rows of 1 to 7", transcriber, *concatenated(utterances, options.concatenated, rate_hz))


def concatenated(
    utterances: Sequence[Utterance], count: int, rate_hz: int
) -> tuple[list[Samples], list[str]]:
    """Concatenate recordings, and return them with their texts."""
    rows = concatenate_utterances(utterances, count, MAX_CONCATENATED, SEED)
    recordings = []
    for number, row in enumerate(rows):
        rng = np.random.default_rng([SEED, number])
        takes = [choices[rng.integers(len(choices))] for choices in row.takes]
        recordings.append(
            join([read_audio(take, rate_hz) for take in takes], round(MAX_GAP_S * rate_hz), rng)
        )
    return recordings, [row.text for row in rows]


def measure(
    what: str, transcriber: Transcriber, recordings: Sequence[Samples], texts: Sequence[str]
) -> None:
    """Transcribe recordings one by one, and print what was wrong and how long it took."""
    options = transcriber.options()
    start = time.perf_counter()
    found = [transcriber.transcribe_samples([samples], options)[0].text for samples in recordings]
    seconds = time.perf_counter() - start
    lasting = sum(map(len, recordings)) / transcriber.sample_rate_hz
    report = TranscriptScorer(dict(enumerate(texts))).score(dict(enumerate(found)))
    interval = confidence_intervals(report)["WER"]
    print(
        f"{what}: WER {report.scores['WER']:.1f} (95 % interval {interval.low:.1f} to"
        f" {interval.high:.1f}), ",
        end="",
    )
    print(f"{len(recordings)} recordings, {lasting:.0f} s of sound in {seconds:.1f} s: ", end="")
    print(f"real-time factor {seconds / lasting:.3f}", flush=True)


if __name__ == "__main__":
    main()
