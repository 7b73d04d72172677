"""Folders by class, lists, groups and captions of clips: what is read, and what each mistake is
called.
"""

import json
from pathlib import Path

import pytest

from captioner.data.clips import group_of, in_groups, in_list, read_clips
from captioner.errors import AnnotationError, EmptyDataError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for label in ("Run", "Apply Lipstick"):
        (tmp_path / label).mkdir()
        for group in (1, 2, 10):
            (tmp_path / label / f"v_{label}_g{group:02d}_c01.avi").touch()
    (tmp_path / "Run" / "notes.txt").touch()
    (tmp_path / "stray.avi").touch()
    return tmp_path


def names(examples) -> list[str]:
    return [example.clip.stem for example in examples]


def test_a_folder_is_a_label(folder):
    examples = read_clips(folder)
    assert [example.texts for example in examples] == [("Apply Lipstick",)] * 3 + [("Run",)] * 3
    assert names(examples)[3:] == ["v_Run_g01_c01", "v_Run_g02_c01", "v_Run_g10_c01"]
    assert [group_of(example.clip) for example in examples] == [1, 2, 10] * 2
    assert group_of(Path("holiday.mp4")) is None


def test_groups_and_lists_choose(folder):
    examples = read_clips(folder)
    assert names(in_groups(examples, (2, 10))) == names([examples[n] for n in (1, 2, 4, 5)])
    (folder / "list.txt").write_text("Run/v_Run_g10_c01.mp4 1\n\nv_Run_g01_c01.avi\n")
    assert names(in_list(examples, folder / "list.txt")) == ["v_Run_g10_c01", "v_Run_g01_c01"]
    with pytest.raises(EmptyDataError, match="groups 3, 7"):
        in_groups(examples, (7, 3))
    (folder / "list.txt").write_text("\nRun/v_Run_g03_c01.avi 1\n")
    with pytest.raises(
        AnnotationError, match=r"line 2: the clip Run/v_Run_g03_c01.avi is not there"
    ):
        in_list(examples, folder / "list.txt")
    for odd in ("/", "\\", ".", "..", "//", "a/.", "/x"):
        (folder / "list.txt").write_text(f"{odd} 1\n")
        with pytest.raises(AnnotationError, match=r"line 1: the clip .* is not there"):
            in_list(examples, folder / "list.txt")
    (folder / "list.txt").write_text("\n")
    with pytest.raises(EmptyDataError):
        in_list(examples, folder / "list.txt")


MSR_VTT = {
    "videos": [
        {"video_id": "video0", "split": "train"},
        {"video_id": "video1", "split": "validate"},
    ],
    "sentences": [
        {"video_id": "video1", "caption": "a man  sings"},
        {"video_id": "video0", "caption": "a dog runs"},
        {"video_id": "video1", "caption": " someone is singing "},
    ],
}
ROWS = [
    {"video": "clips/video0.mp4", "caption": ["a dog runs"], "split": "train"},
    {"video_id": "video1", "caption": "a man sings", "split": "val"},
    {"video_id": "video1", "caption": "someone is singing"},
]


@pytest.mark.parametrize("content", [MSR_VTT, ROWS], ids=["MSR-VTT", "rows"])
def test_captions_are_read(tmp_path, content):
    (tmp_path / "train").mkdir()
    for number in range(3):
        (tmp_path / "train" / f"video{number}.mp4").touch()
    (tmp_path / "captions.json").write_text(json.dumps(content))
    found = {
        one.clip.name: (one.texts, one.split)
        for one in read_clips(tmp_path, tmp_path / "captions.json")
    }
    assert found == {
        "video0.mp4": (("a dog runs",), "train"),
        "video1.mp4": (("a man sings", "someone is singing"), "val"),
    }
    (tmp_path / "train" / "video1.mp4").unlink()
    with pytest.raises(AnnotationError, match="1 of 2 clips are not there: video1"):
        read_clips(tmp_path, tmp_path / "captions.json")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("[{", "not valid JSON"),
        ("5", "list of objects"),
        ('{"images": []}', "`sentences` and `videos`"),
        ('[{"video": "a"}]', r"\[0\]: an object with `caption`"),
        ('[{"caption": "a"}]', "`video` or `video_id`"),
        ('[{"video": "a", "caption": "b", "split": "dev"}]', "split 'dev'"),
        ('{"sentences": [], "videos": [{"video_id": "a"}]}', r"videos\[0\]: split None"),
        ('[{"video": "a", "caption": " "}]', "no captions"),
    ],
)
def test_each_mistake_in_captions_has_its_place(tmp_path, content, says):
    (tmp_path / "captions.json").write_text(content)
    with pytest.raises((AnnotationError, EmptyDataError), match=says):
        read_clips(tmp_path, tmp_path / "captions.json")


def test_nothing_there_is_said(tmp_path):
    with pytest.raises(AnnotationError, match="no folder of clips"):
        read_clips(tmp_path / "none")
    with pytest.raises(EmptyDataError, match="folders by class"):
        read_clips(tmp_path)
