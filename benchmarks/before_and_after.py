"""Two models' captions of the same photos, side by side, with what scores hide and how sure the difference is.

    python benchmarks/before_and_after.py DIR BEFORE AFTER [--every 50]

DIR holds `images/`, `captions.txt` and `val.txt`. Prints Markdown: scores of both at beam 5 with the probability that
chance alone makes them differ so much, the counts of `captioner score`, and every 50th photo's two captions.
"""

import argparse
from pathlib import Path

from captioner.evaluation.captions import evaluate, read_examples
from captioner.metrics.diversity import measure_diversity
from captioner.metrics.significance import compare
from captioner.pipeline import load_captioner


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("before")
    parser.add_argument("after")
    parser.add_argument("--every", type=int, default=50)
    arguments = parser.parse_args()

    data = arguments.data
    examples = read_examples(data / "images", data / "captions.txt", str(data / "val.txt"))
    reports, captions = [], []
    for name in (arguments.before, arguments.after):
        model = load_captioner(name, device="cpu")
        report, written = evaluate(model, examples, model.options(beam_size=5), batch_size=16)
        reports.append(report)
        captions.append(written)
    differences = compare(reports[0], reports[1])
    print("| | before | after | p |\n| --- | ---: | ---: | ---: |")
    for score in reports[0].scores:
        old, new = (report.scores[score] for report in reports)
        print(f"| {score} | {old:.2f} | {new:.2f} | {differences[score].bootstrap:.4f} |")
    before, after = (measure_diversity(list(one.values()), max_length=20).to_dict() for one in captions)
    for count in before:
        if before[count] is not None:
            print(f"| {count.replace('_', ' ')} | {before[count]:.4g} | {after[count]:.4g} | |")
    print("\n| photo | before | after |\n| --- | --- | --- |")
    for example in examples[:: arguments.every]:
        both = " | ".join(one[example.image_id] for one in captions)
        print(f"| `{example.image.name}` | {both} |")


if __name__ == "__main__":
    main()
