"""How far a captioner's confidence can be trusted, and the fit that makes it one number.

    python benchmarks/confidence.py --set IMAGES REFERENCES [SPLIT] [--set ...] [--model everyday]
    [--write FOLDER]

Each set is a folder of photos, a caption file, and a list of its photos or the name of a split. A
caption counts as right if it names none of COCO's 80 kinds of objects that no reference names, and
agrees with the references (CIDEr) at least as much as three in four of people's captions (the
first) do with the others. Every second photo serves the fit; all that is printed is of the rest,
and set by set where there are several. `--write FOLDER` puts the weights into the `config.json` of
a model's folder, and draws `confidence.png` there.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from captioner.batch import caption_files
from captioner.data.examples import CaptionExample
from captioner.evaluation.captions import read_examples
from captioner.metrics import score
from captioner.metrics.hallucination import hallucinated
from captioner.pipeline import Captioner, CaptionResult, load_captioner
from captioner.pipeline.confidence import confidence, evidence, fit
from captioner.progress import progress

THRESHOLDS = (0.0, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
BINS = 10


def captioned(captioner: Captioner, examples: Sequence[CaptionExample]) -> list[CaptionResult]:
    """Caption photos at beam 5, with the likeliest word that was detected."""
    search = captioner.options(beam_size=5, concepts=int(captioner.recognises))
    results = []
    with progress("captions", len(examples), "photos") as advance:
        for done in caption_files(captioner, [one.image for one in examples], search, 16):
            assert done.result is not None, done.record.error
            results.append(done.result)
            advance()
    return results


def told(result: CaptionResult) -> dict[str, float]:
    """Return the evidence of the best caption."""
    best = result.candidates[0]
    return evidence(
        best.log_prob,
        best.word_log_probs,
        result.concepts[0].probability if result.concepts else 0.0,
    )


def right(examples: Sequence[CaptionExample], captions: Sequence[str]) -> tuple[np.ndarray, float]:
    """Tell which captions are right, and the CIDEr that they need."""
    ids = [one.image_id for one in examples]
    people = score(
        dict(zip(ids, (one.captions[0] for one in examples), strict=True)),
        dict(zip(ids, (one.captions[1:] for one in examples), strict=True)),
    )
    needed = float(np.quantile(people.per_image["CIDEr"], 0.25))
    report = score(
        dict(zip(ids, captions, strict=True)),
        dict(zip(ids, (one.captions for one in examples), strict=True)),
    )
    agrees = dict(zip(report.ids, report.per_image["CIDEr"] >= needed, strict=True))
    return np.array(
        [
            bool(agrees[one.image_id]) and not hallucinated(caption, one.captions)
            for one, caption in zip(examples, captions, strict=True)
        ]
    ), needed


def groups(sure: np.ndarray, is_right: np.ndarray) -> list[tuple[float, float, int]]:
    """Return each group of captions by confidence: mean confidence, fraction right, size."""
    order = np.argsort(sure, kind="stable")
    return [
        (float(sure[part].mean()), float(is_right[part].mean()), len(part))
        for part in np.array_split(order, BINS)
    ]


def draw(path: Path, parts: Sequence[tuple[float, float, int]]) -> None:
    """Draw the reliability diagram."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.2, 4.2), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="#b0b0b0", linewidth=1)
    sure, share, sizes = (np.array(column) for column in zip(*parts, strict=True))
    axes.errorbar(
        sure,
        share,
        1.96 * np.sqrt(share * (1 - share) / sizes),
        fmt="o-",
        color="#42607f",
        capsize=2,
    )
    axes.set(
        xlim=(0, 1), ylim=(0, 1), xlabel="confidence", ylabel="share of captions that are right"
    )
    figure.savefig(path, dpi=110)


def print_table(sure: np.ndarray, is_right: np.ndarray) -> None:
    """Print what is kept at each threshold, as a table of Markdown."""
    print(
        "| confidence at least | captions kept | of them right | right captions kept |\n| ---: |"
        " ---: | ---: | ---: |"
    )
    for threshold in THRESHOLDS:
        kept = sure >= threshold
        share = f"{is_right[kept].mean():.0%}" if kept.any() else "-"
        print(
            f"| {threshold:.1f} | {kept.mean():.0%} | {share} |"
            f" {is_right[kept].sum() / is_right.sum():.0%} |"
        )


def summary(sure: np.ndarray, is_right: np.ndarray) -> str:
    """Say how far confidence holds for captions that the fit did not see."""
    error = sum(abs(mean - share) * size for mean, share, size in groups(sure, is_right)) / len(
        sure
    )
    constant = float(np.mean((is_right - is_right.mean()) ** 2))
    return (
        f"{len(sure)} captions that the fit did not see, {is_right.mean():.0%} right; expected"
        " calibration error "
        f"{error:.3f} in {BINS} groups; Brier score {np.mean((sure - is_right) ** 2):.3f},"
        f" {constant:.3f} if each were "
        "told the same"
    )


def main() -> None:
    """Fit, measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--set", nargs="+", action="append", required=True, metavar="PATH", dest="sets"
    )
    parser.add_argument("--model", default="everyday")
    parser.add_argument("--write", type=Path, help="folder of the model")
    arguments = parser.parse_args()

    captioner = load_captioner(arguments.model, device="cpu")
    evidences: list[list[dict[str, float]]] = []
    are_right: list[np.ndarray] = []
    for images, references, *split in arguments.sets:
        examples = read_examples(Path(images), Path(references), *split or [None])
        results = captioned(captioner, examples)
        is_right, needed = right(examples, [one.text for one in results])
        print(
            f"{references}: CIDEr at least {needed:.1f} counts as right, {is_right.mean():.0%} are"
        )
        evidences.append([told(one) for one in results])
        are_right.append(is_right)
    fitted_on = [one for several in evidences for one in several[::2]]
    weights = fit(fitted_on, np.concatenate([one[::2] for one in are_right]).tolist())
    judged = [
        np.array([confidence(one, weights) for one in several[1::2]]) for several in evidences
    ]
    if len(judged) > 1:
        for (_, references, *_), sure, is_right in zip(
            arguments.sets, judged, are_right, strict=True
        ):
            print(f"{references}: {summary(sure, is_right[1::2])}")
    sure, is_right = np.concatenate(judged), np.concatenate([one[1::2] for one in are_right])
    print(f"all: {summary(sure, is_right)}\n")
    parts = groups(sure, is_right)
    print_table(sure, is_right)
    print(json.dumps({"confidence": weights}))
    if arguments.write:
        path = arguments.write / "config.json"
        config = {**json.loads(path.read_text(encoding="utf-8")), "confidence": weights}
        path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", encoding="utf-8")
        draw(arguments.write / "confidence.png", parts)


if __name__ == "__main__":
    main()
