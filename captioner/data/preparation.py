"""Checks a downloaded dataset before training; the scripts `data/*/prepare.py` share this."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from rich.console import Console

from captioner.data.examples import CaptionExample
from captioner.errors import InputError
from captioner.progress import progress

PROBLEMS_SHOWN = 10


class Report:
    """Says what a dataset has and what it lacks, and remembers whether anything was wrong."""

    def __init__(self) -> None:
        self._console = Console(highlight=False, markup=False, emoji=False, soft_wrap=True)
        self._num_problems = 0

    def note(self, text: str) -> None:
        """Print a fact."""
        self._console.print(f"  {text}")

    def problem(self, what: str, remedy: str) -> None:
        """Print a problem and its remedy."""
        self._num_problems += 1
        self._console.print(f"! {what}\n    {remedy}")

    def count(self, what: str, found: int, expected: int, remedy: str) -> None:
        """Compare a count with what the dataset's authors published."""
        if found == expected:
            self.note(f"{what}: {found:,}")
        else:
            self.problem(f"{what}: {found:,} where {expected:,} are expected", remedy)

    def images(self, examples: Sequence[CaptionExample], remedy: str, opened: bool) -> None:
        """Check that each photo is there and, if `opened`, that it can be decoded completely."""
        missing = [example.image for example in examples if not example.image.is_file()]
        if missing:
            names = ", ".join(image.name for image in missing[:PROBLEMS_SHOWN])
            self.problem(
                f"photos missing: {len(missing):,} of {len(examples):,}, such as {names}", remedy
            )
        if opened:
            absent = set(missing)
            broken = list(
                self._unreadable(
                    [example.image for example in examples if example.image not in absent]
                )
            )
            for error in broken[:PROBLEMS_SHOWN]:
                self.problem(str(error), "unpack or download this photo again")
            self.note(
                f"photos opened: {len(examples) - len(missing):,}, of which {len(broken):,} are"
                " broken"
            )

    def exit_status(self) -> int:
        """Print the verdict and return it as an exit status: 0 if all is well, 1 if not."""
        self._console.print(
            f"{self._num_problems} problems" if self._num_problems else "all is well"
        )
        return int(self._num_problems > 0)

    def _unreadable(self, images: Sequence[Path]) -> Iterator[InputError]:
        from captioner.preprocess.image import read_image

        def error_of(image: Path) -> InputError | None:
            try:
                read_image(image)
            except InputError as error:
                return error
            return None

        with progress("opening", len(images), "photos") as advance, ThreadPoolExecutor() as pool:
            for error in pool.map(error_of, images):
                advance()
                if error is not None:
                    yield error


def first_existing(root: Path, names: Sequence[str]) -> Path | None:
    """Return the first of several paths below a folder that is there."""
    return next((root / name for name in names if (root / name).exists()), None)


def write_split_lists(
    folder: Path, splits: Mapping[str, Sequence[CaptionExample]], report: Report
) -> None:
    """Write SPLIT.txt, one photo's name a line; a list that is there already stays as it is."""
    for split, examples in splits.items():
        file = folder / f"{split}.txt"
        if examples and not file.exists():
            file.write_text(
                "".join(f"{example.image.name}\n" for example in examples), encoding="utf-8"
            )
            report.note(f"written: {file}")
