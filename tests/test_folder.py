"""Files become records, whatever is among them."""

import os

import pytest

from captioner.errors import UsageError
from captioner.folder import caption_files, find_photos
from captioner.pipeline import load


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


@pytest.mark.parametrize("batch_size", [1, 3, 100])
def test_bad_files_are_records_among_the_others_in_order(model_folder, photos, tmp_path, batch_size):
    captioner = load(model_folder, device="cpu")
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(photos[0].read_bytes()[:60])
    files = [photos[0], broken, *photos[1:3], tmp_path / "gone.png", photos[3]]
    done = list(caption_files(captioner, files, captioner.options(), batch_size))
    assert [one.record.file for one in done] == [str(file) for file in files]
    kinds = [one.record.error.type if one.record.error else None for one in done]
    assert kinds == [None, "CorruptFileError", None, None, "FileMissingError", None]
    for one in done:
        if one.record.error is None:
            assert one.record.caption == captioner.caption(one.record.file).text == one.result.text
        else:
            assert one.record.caption is None and one.result is None and one.image is None
