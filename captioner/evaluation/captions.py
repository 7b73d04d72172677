"""How good a model is: captions each photo or clip of a split once, and scores the captions."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from captioner.batch import caption_files
from captioner.config import SearchConfig
from captioner.data.clips import read_clips
from captioner.data.examples import CaptionExample, check_images, measured_split, read_captions
from captioner.errors import DataError, UsageError
from captioner.metrics import Report, score
from captioner.outputs.disk import written_whole
from captioner.outputs.special_files import STANDARD_OUTPUT
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
) -> tuple[Report, dict[int | str, str]]:
    """Caption every photo or clip and score the captions.

    Returns:
        The scores, and each image id's caption.

    Raises:
        DataError: A photo cannot be read: scores without it would compare to nothing.
    """
    captions: dict[int | str, str] = {}
    files = [example.image for example in examples]
    with progress("captions", len(files), "files") as advance:
        for example, done in zip(
            examples, caption_files(captioner, files, search, batch_size), strict=True
        ):
            if done.result is None:
                reason = done.record.error.message if done.record.error else ""
                raise DataError(
                    f"{example.image}: {reason}: mend the file, or leave it out of the split"
                )
            captions[example.image_id] = done.result.text
            advance()
    references = {example.image_id: example.captions for example in examples}
    return score(captions, references), captions


@contextmanager
def coco_results(path: Path) -> Iterator[dict[int | str, str]]:
    """Yield a function that takes image ids and captions, written as COCO results at the end.

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
