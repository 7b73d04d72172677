"""Time and memory that reading all of COCO's captions and scoring captions of its photos take.

    python benchmarks/coco_stand_in.py DIR --photos FOLDER --texts FILE...
    python benchmarks/coco_files.py DIR

Reads `dataset_coco.json` as training does, and scores results in the official format: of the 5,000
test photos of Karpathy's split against that file, and of the 40,504 of val2014 against
`captions_val2014.json`. Each result is a caption of another photo, or in every second case one of
the photo's own. Each measurement is a process of its own, start included.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from captioner.data.examples import read_captions

READ = """
import sys
from pathlib import Path
from captioner.data.examples import read_captions
print(sum(len(one.captions) for one in read_captions(Path(sys.argv[1]), Path(sys.argv[2]))))
"""
# The measured command runs below a small parent, whose only child it is.
PARENT = """
import resource, subprocess, sys
status = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(status)
"""


def measured(command: Sequence[str]) -> str:
    """Run a command, and tell how long it took and how much memory it had at the most."""
    start = time.perf_counter()
    told = subprocess.run(
        [sys.executable, "-c", PARENT, *command], check=True, capture_output=True, text=True
    )
    seconds = time.perf_counter() - start
    return f"{seconds:5.1f} s, {int(told.stdout) * 1024 / 1e9:.2f} GB"


def write_results(captions: Path, split: str | None, target: Path) -> int:
    """Write a caption of each photo in the format of COCO's server; return how many there are."""
    examples = [
        one for one in read_captions(captions, Path()) if split is None or one.split == split
    ]
    rng = random.Random(0)
    results = [
        {
            "image_id": int(Path(one.image).stem.rpartition("_")[2]),
            "caption": rng.choice((one if number % 2 else rng.choice(examples)).captions),
        }
        for number, one in enumerate(examples)
    ]
    target.write_text(json.dumps(results), encoding="utf-8")
    return len(results)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("coco", type=Path, metavar="DIR")
    folder: Path = parser.parse_args().coco
    karpathy, val2014 = (
        folder / "dataset_coco.json",
        folder / "annotations" / "captions_val2014.json",
    )
    read = [sys.executable, "-c", READ, str(karpathy), str(folder)]
    print(f"dataset_coco.json read: {measured(read)}", flush=True)
    with tempfile.TemporaryDirectory() as temporary:
        results = Path(temporary) / "results.json"
        for references, split in ((karpathy, "test"), (val2014, None)):
            number = write_results(references, split, results)
            command = [sys.executable, "-m", "captioner", "score", "--hypotheses", str(results)]
            command += ["--references", str(references)]
            command += ["--split", split] if split else []
            print(f"{number:,} results against {references.name} scored: {measured(command)}")


if __name__ == "__main__":
    main()
