"""Measures a model's captions: captions each photo or clip of a split once, and scores them."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from captioner.batch import caption_batches
from captioner.batch.journal import Journal, find_journal, place, refuse_unfinished
from captioner.config import SearchConfig
from captioner.data.clips import read_clips
from captioner.data.examples import CaptionExample, check_images, measured_split, read_captions
from captioner.errors import UsageError
from captioner.evaluation import check_read
from captioner.metrics import Report, score
from captioner.outputs.disk import written_whole
from captioner.outputs.record import Record
from captioner.outputs.special_files import STANDARD_OUTPUT, is_special
from captioner.pipeline import ActionRecognizer, Captioner
from captioner.progress import progress


def read_examples(images: Path, references: Path, split: str | None) -> list[CaptionExample]:
    """Read the photos and references that will be measured.

    Args:
        images: Folder of the photos.
        references: Caption file of any known format.
        split: A file that lists photos one a line, or the name of a split that the captions carry.
            None: the test split where the captions carry splits, else all photos.

    Raises:
        DataError: They cannot be used, or a photo is missing.
    """
    examples = measured_split(read_captions(references, images), split)
    check_images(examples)
    return examples


def read_clip_examples(videos: Path, references: Path, split: str | None) -> list[CaptionExample]:
    """Read the clips and captions to measure; arguments and errors are those of `read_examples`.

    Args:
        videos: Folder of the clips.
        references: Their captions, as of MSR-VTT or MSVD.
        split: As there.
    """
    clips = read_clips(videos, references)
    return measured_split(
        [CaptionExample(one.clip, one.texts, one.clip.stem, one.split) for one in clips], split
    )


def evaluate(
    captioner: Captioner | ActionRecognizer,
    examples: Sequence[CaptionExample],
    search: SearchConfig,
    batch_size: int,
    journal: Journal | None = None,
) -> tuple[Report, dict[int | str, str]]:
    """Caption every photo or clip and score the captions.

    Args:
        captioner: The model.
        examples: What is captioned, and what people said of it.
        search: How.
        batch_size: Photos or clips in one pass of the model.
        journal: Keeps each batch on the disk; what is in it is not captioned again.

    Returns:
        The scores, and each image id's caption.

    Raises:
        DataError: A photo cannot be read: scores without it would compare to nothing.
    """
    records: Iterable[Record] = journal.records() if journal is not None else ()
    texts = {place(one.file): one.caption for one in records if one.caption is not None}
    files = [example.image for example in examples if place(example.image) not in texts]
    num_done = len(examples) - len(files)
    with progress("captions", len(examples), "files", num_done) as advance:
        for batch in caption_batches(captioner, files, search, batch_size):
            for one in batch:
                check_read(one.record, "file")
                texts[place(one.record.file)] = one.record.caption or ""
            if journal is not None:
                journal.write([one.record for one in batch])
            advance(len(batch))
    captions = {example.image_id: texts[place(example.image)] for example in examples}
    references = {example.image_id: example.captions for example in examples}
    return score(captions, references), captions


def measure(
    captioner: Captioner | ActionRecognizer,
    examples: Sequence[CaptionExample],
    search: SearchConfig,
    batch_size: int,
    output: Path | None,
    resume: bool,
) -> Report:
    """Caption and score; write the captions as COCO results, and keep what is done until then.

    Args:
        captioner: As in `evaluate`, like the next three.
        examples: As there.
        search: As there.
        batch_size: As there.
        output: Where results go; None: nowhere.
        resume: Go on with what an unfinished run of the same output has done.

    Raises:
        DataError: As `evaluate`.
        UsageError: As `coco_results`; or there is an unfinished run and `resume` is not set, or no
            file or a finished one to resume.
        OutputError: Writing failed.
    """
    settings = {"model": captioner.name, "search": search.model_dump()}
    if output is None:
        if resume:
            raise UsageError("--resume: only captions in a file are kept; add --output FILE.json")
        return evaluate(captioner, examples, search, batch_size)[0]
    with _kept(output, resume, settings) as journal, coco_results(output) as results:
        report, captions = evaluate(captioner, examples, search, batch_size, journal)
        results.update(captions)
    return report


@contextmanager
def _kept(output: Path, resume: bool, settings: Mapping[str, Any]) -> Iterator[Journal | None]:
    """Yield what keeps captions on the disk until the output is written; None for a stream."""
    if is_special(output):
        if resume:
            raise UsageError(f"--resume: {output} keeps nothing; add --output FILE.json")
        yield None
        return
    path = find_journal([output], [])
    refuse_unfinished(path, resume)
    if resume and output.exists() and not path.exists():
        raise UsageError(
            f"{output} is finished: `captioner score` measures it again, and without --resume it"
            " is made anew"
        )
    journal = Journal(path, settings)
    try:
        yield journal
    except BaseException:
        if journal.num_records:
            journal.close()
        else:
            journal.remove()
        raise
    journal.remove()


@contextmanager
def coco_results(path: Path) -> Iterator[dict[int | str, str]]:
    """Yield a table for the captions by image id, which is written as COCO results at the end.

    To standard output (`-`) each result goes as a line of its own.

    Raises:
        UsageError: The file is no `.json`, or cannot be opened: before anything is captioned.
        OutputError: It cannot be written; an older file stays as it was.
    """
    is_stream = path == STANDARD_OUTPUT
    if path.suffix.lower() != ".json" and not is_stream:
        raise UsageError(f"{path}: COCO results are written to a .json file, or to - as JSON lines")
    captions: dict[int | str, str] = {}
    with written_whole(path) as stream:
        yield captions
        results = [{"image_id": image_id, "caption": text} for image_id, text in captions.items()]
        if is_stream:
            stream.writelines(f"{json.dumps(result)}\n" for result in results)
        else:
            json.dump(results, stream)
