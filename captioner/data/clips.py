"""Reads clips with labels or captions: folders by class, or a file of captions, and splits."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from captioner.data.clip_captions import read_clip_captions
from captioner.data.examples import first_few
from captioner.data.text_file import read_text
from captioner.errors import AnnotationError, EmptyDataError
from captioner.preprocess.kinds import is_clip_name

GROUP = re.compile(r"_g(\d+)_c\d+$")


@dataclass(frozen=True)
class ClipExample:
    """A clip with its captions or its label.

    Attributes:
        clip: The file.
        texts: Its captions, or its label alone.
        split: train, val or test, where the captions say it.
    """

    clip: Path
    texts: tuple[str, ...]
    split: str | None = None


def read_clips(videos: Path, captions: Path | None = None) -> list[ClipExample]:
    """Read a folder of clips, sorted into folders by class, or clips with captions.

    Args:
        videos: The folder of the clips.
        captions: Their captions; if None, the name of a clip's folder is its label.

    Raises:
        AnnotationError: The folder or the file is missing, or the file is malformed or names
            missing clips.
        EmptyDataError: There are no clips.
    """
    if not videos.is_dir():
        raise AnnotationError(f"{videos}: no folder of clips is there")
    if captions is None:
        examples = _class_folders(videos)
    else:
        files = {file.stem: file for file in sorted(videos.rglob("*")) if is_clip_name(file.name)}
        rows = read_clip_captions(captions)
        if missing := [name for name in rows if name not in files]:
            raise AnnotationError(
                f"{videos}: {len(missing):,} of {len(rows):,} clips are not there:"
                f" {first_few(missing)}"
            )
        examples = [ClipExample(files[name], row.captions, row.split) for name, row in rows.items()]
    if not examples:
        raise EmptyDataError(
            f"{captions or videos}: it holds no clips (without captions, they lie in folders by"
            " class)"
        )
    return examples


def _class_folders(videos: Path) -> list[ClipExample]:
    """Read UCF-101's layout: `CLASS/v_CLASS_gGROUP_cCLIP.avi`; any names will do."""
    folders = sorted(path for path in videos.iterdir() if path.is_dir())
    return [
        ClipExample(file, (folder.name,))
        for folder in folders
        for file in sorted(folder.rglob("*"))
        if is_clip_name(file.name)
    ]


def group_of(clip: Path) -> int | None:
    """Return the group of a clip by its name, as in UCF-101; a group is cut from one video."""
    found = GROUP.search(clip.stem)
    return int(found[1]) if found else None


def in_groups(examples: Sequence[ClipExample], groups: Collection[int]) -> list[ClipExample]:
    """Choose the clips of some groups.

    Raises:
        EmptyDataError: There are none.
    """
    chosen = [example for example in examples if group_of(example.clip) in groups]
    if not chosen:
        wanted = ", ".join(map(str, sorted(groups)))
        raise EmptyDataError(
            f"no clips of the groups {wanted}: groups are the number behind _g in"
            " v_CLASS_g08_c01.avi"
        )
    return chosen


def in_list(examples: Sequence[ClipExample], file: Path) -> list[ClipExample]:
    """Choose the clips that a file lists, one a line, in its order.

    A line is a path below the folder of the clips, or its last part, with any suffix. Text after a
    space is ignored, since UCF-101's trainlist01.txt has the class's number there.

    Raises:
        AnnotationError: The file cannot be read, or lists a clip that is not there.
        EmptyDataError: It lists none.
    """
    by_name = {key: example for example in examples for key in _names(example.clip)}
    chosen: dict[Path, ClipExample] = {}
    for number, line in enumerate(read_text(file).splitlines(), start=1):
        if not (fields := line.split()):
            continue
        path = PurePosixPath(fields[0].replace("\\", "/"))
        example = by_name.get("/".join((*path.parts[-2:-1], path.stem))) or by_name.get(path.stem)
        if example is None:
            raise AnnotationError(f"{file}, line {number}: the clip {fields[0]} is not there")
        chosen[example.clip] = example
    if not chosen:
        raise EmptyDataError(f"{file}: it lists no clips")
    return list(chosen.values())


def _names(clip: Path) -> tuple[str, str]:
    return clip.stem, f"{clip.parent.name}/{clip.stem}"
