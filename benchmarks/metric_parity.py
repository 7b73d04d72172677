"""Makes the table of parity with coco-caption.

Our score, its score, and the largest difference on any one image.

    python benchmarks/metric_parity.py --captions captions.txt --split val.txt [--hypotheses
    captions.jsonl]

Without hypotheses, each image's first caption is scored against its others. Needs Java and
pycocoevalcap (`pip install pycocoevalcap`).
"""

import argparse
import csv
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pycocoevalcap.bleu.bleu import Bleu  # type: ignore[import-untyped]
from pycocoevalcap.cider.cider import Cider  # type: ignore[import-untyped]
from pycocoevalcap.rouge.rouge import Rouge  # type: ignore[import-untyped]
from pycocoevalcap.tokenizer.ptbtokenizer import PTBTokenizer  # type: ignore[import-untyped]

from captioner.metrics import score
from captioner.metrics.tokens import tokenize

Tokenised = dict[str, list[str]]


def read_captions(captions: Path, split: Path | None) -> dict[str, list[str]]:
    """Read a CSV of `image,caption`, cut to the images that a split lists."""
    texts: dict[str, list[str]] = defaultdict(list)
    with captions.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            texts[row["image"]].append(row["caption"])
    names = split.read_text(encoding="utf-8").split() if split else texts
    return {name: texts[name] for name in names}


def read_hypotheses(path: Path) -> dict[str, str]:
    """Read JSONL rows of `file` and `caption`; images go by the file's name."""
    rows = (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())
    return {Path(row["file"]).name: row["caption"] for row in rows}


def coco_tokens(texts: dict[str, list[str]]) -> Tokenised:
    """Tokenise with coco-caption's Java tokenizer."""
    tokens: Tokenised = PTBTokenizer().tokenize(
        {k: [{"caption": text} for text in v] for k, v in texts.items()}
    )
    return tokens


def coco_scores(
    hypotheses: Tokenised, references: Tokenised
) -> dict[str, tuple[float, NDArray[np.float64]]]:
    """Score with coco-caption: each metric's score of the corpus and of each image, times 100."""
    bleu, bleu_single = Bleu(4).compute_score(references, hypotheses, verbose=0)
    scores: dict[str, tuple[Any, Any]] = {
        f"BLEU-{n + 1}": (bleu[n], bleu_single[n]) for n in range(4)
    }
    scores["ROUGE-L"] = Rouge().compute_score(references, hypotheses)
    scores["CIDEr"] = Cider().compute_score(references, hypotheses)
    return {
        name: (100 * float(total), 100 * np.array(single))
        for name, (total, single) in scores.items()
    }


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--captions", type=Path, required=True)
    parser.add_argument("--split", type=Path)
    parser.add_argument("--hypotheses", type=Path)
    options = parser.parse_args()
    references = read_captions(options.captions, options.split)
    if options.hypotheses:
        hypotheses = read_hypotheses(options.hypotheses)
    else:
        hypotheses = {name: texts[0] for name, texts in references.items()}
        references = {name: texts[1:] for name, texts in references.items()}

    report = score(hypotheses, references)
    wanted, given = (
        coco_tokens(references),
        coco_tokens({name: [hypotheses[name]] for name in references}),
    )
    theirs = coco_scores(given, wanted)
    print(f"{report.num_items} images, {report.signature}\n")
    print(
        "| metric | captioner | coco-caption | largest difference on an image |\n| --- | ---: |"
        " ---: | ---: |"
    )
    for name, (total, single) in theirs.items():
        largest = np.abs(report.per_image[name] - single).max()
        print(f"| {name} | {report.scores[name]:.4f} | {total:.4f} | {largest:.1e} |")
    texts = [
        (text, tokens)
        for k in references
        for text, tokens in zip(references[k], wanted[k], strict=True)
    ]
    texts += [(hypotheses[k], given[k][0]) for k in references]
    different = sum(" ".join(tokenize(text)) != tokens for text, tokens in texts)
    print(f"\nCaptions whose tokens differ: {different} of {len(texts)}")


if __name__ == "__main__":
    main()
