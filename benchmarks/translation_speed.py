"""How much faster a file is translated in batches than sentence by sentence.

    python benchmarks/translation_speed.py MODEL FILE [--sentences 1000] [--beam-size 5]

MODEL is a name that ships or a folder, FILE has one sentence a line. Both ways run in one process
on as many threads as torch takes, first in batches, then one by one; loading the model is not
counted. Where a translation differs in a letter, the exit status is 1.
"""

import argparse
import platform
import sys
import time
from pathlib import Path

import torch

from captioner.batch.lines import translate_lines
from captioner.data.parallel_text import read_lines
from captioner.pipeline import load_translator


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model")
    parser.add_argument("file", type=Path)
    parser.add_argument("--sentences", type=int, default=1000)
    parser.add_argument("--beam-size", type=int, default=5)
    arguments = parser.parse_args()

    sentences = read_lines(arguments.file)[: arguments.sentences]
    translator = load_translator(arguments.model, device="cpu")
    search = translator.options(beam_size=arguments.beam_size)
    translator.translate_texts(sentences[:3], search)  # the first call sets torch's threads up

    start = time.perf_counter()
    together = [result.text for result in translate_lines(translator, sentences, search)]
    together_s = time.perf_counter() - start
    start = time.perf_counter()
    apart = [translator.translate_texts([sentence], search)[0].text for sentence in sentences]
    apart_s = time.perf_counter() - start
    differing = [
        number
        for number, pair in enumerate(zip(together, apart, strict=True), 1)
        if pair[0] != pair[1]
    ]

    machine = f"{platform.machine()}, {torch.get_num_threads()} threads, torch {torch.__version__}"
    print(f"{machine}; {translator.name}, {len(sentences)} sentences, beam {arguments.beam_size}")
    print(f"in batches  {len(sentences) / together_s:8.1f} sentences/s ({together_s:.1f} s)")
    print(f"one by one  {len(sentences) / apart_s:8.1f} sentences/s ({apart_s:.1f} s)")
    print(f"ratio       {apart_s / together_s:8.1f}")
    told = (
        f"differ in lines {', '.join(map(str, differing[:5]))}"
        if differing
        else "are the same to the letter"
    )
    print(f"translations {told}")
    return int(bool(differing))


if __name__ == "__main__":
    sys.exit(main())
