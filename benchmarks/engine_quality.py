"""What the captions of each engine score, and how many are the first engine's to the letter.

    python benchmarks/engine_quality.py IMAGES REFERENCES [--split FILE] [--beam-size 3]
    [--engines onnx openvino]

OpenVINO computes in bfloat16 where the CPU has it, so that some of its captions differ. Photos a
second include reading, encoding and searching; `engine_speed.py` measures them better, in turns.
"""

import argparse
import platform
import time
from pathlib import Path

from captioner.evaluation.captions import evaluate, read_examples
from captioner.pipeline import load_captioner
from captioner.threads import num_threads


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("images", type=Path)
    parser.add_argument("references", type=Path)
    parser.add_argument("--split", help="a file that lists the photos, or the name of a split")
    parser.add_argument("--beam-size", type=int, default=3)
    parser.add_argument("--engines", nargs="+", default=["onnx", "openvino"])
    parser.add_argument("--model", default="everyday")
    arguments = parser.parse_args()

    examples = read_examples(arguments.images, arguments.references, arguments.split)
    print(f"{platform.machine()}, {num_threads()} threads, {len(examples)} photos")
    print(f"{'':10} {'BLEU-4':>7} {'CIDEr':>7} {'the same':>9} {'photos/s':>9}")
    first: dict[int | str, str] = {}
    for engine in arguments.engines:
        captioner = load_captioner(arguments.model, "cpu", engine)
        start = time.perf_counter()
        options = captioner.options(beam_size=arguments.beam_size)
        report, captions = evaluate(captioner, examples, options, batch_size=16)
        rate = len(examples) / (time.perf_counter() - start)
        first = first or captions
        same = sum(captions[name] == caption for name, caption in first.items())
        bleu, cider = report.scores["BLEU-4"], report.scores["CIDEr"]
        print(f"{engine:10} {bleu:7.2f} {cider:7.2f} {same:9} {rate:9.1f}", flush=True)
    print(report.signature)


if __name__ == "__main__":
    main()
