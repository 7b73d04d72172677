"""Files, folders and globs become photos, each once, and what cannot be read is not forgotten."""

import os
import subprocess
import sys

import pytest

from captioner.batch import find_clips, find_photos, find_recordings
from captioner.errors import UsageError


def test_folders_are_searched_files_are_kept_and_each_comes_once(tmp_path):
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    for path in (tmp_path / "x.JPG", below / "y.png", below / "notes.txt", tmp_path / "a" / "z.webp"):
        path.write_bytes(b"")
    (below / "loop").symlink_to(tmp_path)
    found = find_photos([tmp_path, tmp_path / "x.JPG", below / "notes.txt", tmp_path / "gone.jpg"])
    names = ["x.JPG", "a/z.webp", "a/b/y.png", "a/b/notes.txt", "gone.jpg"]
    assert [path.relative_to(tmp_path).as_posix() for path in found] == names


def test_globs_are_expanded_but_a_file_may_have_a_name_like_one(tmp_path):
    for name in ("a1.jpg", "a2.jpg", "b[1].jpg"):
        (tmp_path / name).write_bytes(b"")
    assert [path.name for path in find_photos([f"{tmp_path}/a*.jpg"])] == ["a1.jpg", "a2.jpg"]
    assert [path.name for path in find_photos([tmp_path / "b[1].jpg"])] == ["b[1].jpg"]


def test_globs_leave_out_what_is_no_photo(tmp_path):
    for name in ("a.jpg", "a.txt", "b.png"):
        (tmp_path / name).write_bytes(b"")
    assert [path.name for path in find_photos([f"{tmp_path}/*"])] == ["a.jpg", "b.png"]


def test_clips_are_found_and_heard_as_well(tmp_path):
    for name in ("a.MP4", "b.webm", "c.wav", "d.jpg"):
        (tmp_path / name).write_bytes(b"")
    assert [path.name for path in find_clips([tmp_path])] == ["a.MP4", "b.webm"]
    assert [path.name for path in find_recordings([tmp_path])] == ["a.MP4", "b.webm", "c.wav"]
    with pytest.raises(UsageError, match="no clips there"):
        find_clips([f"{tmp_path}/*.jpg"])


def test_a_folder_that_is_called_like_a_photo_is_a_folder(tmp_path):
    (tmp_path / "x.jpg").mkdir()
    (tmp_path / "x.jpg" / "y.png").write_bytes(b"")
    assert [path.relative_to(tmp_path).as_posix() for path in find_photos([tmp_path])] == ["x.jpg/y.png"]


def test_each_place_without_photos_is_wrong_use(tmp_path):
    (tmp_path / "a.jpg").write_bytes(b"")
    (tmp_path / "empty").mkdir()
    for nothing in (tmp_path / "empty", f"{tmp_path}/*.png"):
        with pytest.raises(UsageError, match="no photos"):
            find_photos([tmp_path / "a.jpg", nothing])


def test_a_folder_that_may_not_be_read_is_reported_not_skipped(tmp_path, monkeypatch):
    (tmp_path / "a.jpg").write_bytes(b"")
    (tmp_path / "closed").mkdir()
    listing = os.scandir

    def guarded(path):
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", str(path))
        return listing(path)

    monkeypatch.setattr(os, "scandir", guarded)
    assert [path.name for path in find_photos([tmp_path])] == ["a.jpg", "closed"]


def test_a_name_that_is_too_long_is_a_file_like_any_other():
    assert len(find_photos(["x" * 300])) == 1


def test_to_look_for_photos_torch_need_not_be_there():
    command = "import sys, captioner.batch; assert not {'torch', 'transformers', 'matplotlib'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", command], check=True)


def test_recordings_and_videos_are_found_and_photos_are_not(tmp_path):
    for name in ("a.WAV", "b.mp4", "c.jpg", "d.flac"):
        (tmp_path / name).write_bytes(b"")
    assert [path.name for path in find_recordings([tmp_path])] == ["a.WAV", "b.mp4", "d.flac"]
    with pytest.raises(UsageError, match=r"no recordings there \(looked for \.3gp, \.aac, "):
        find_recordings([f"{tmp_path}/*.jpg"])
