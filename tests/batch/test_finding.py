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
    for path in (
        tmp_path / "x.JPG",
        below / "y.png",
        below / "notes.txt",
        tmp_path / "a" / "z.webp",
    ):
        path.write_bytes(b"")
    (below / "loop").symlink_to(tmp_path)
    found = find_photos(
        [tmp_path, tmp_path / "x.JPG", below / "notes.txt", tmp_path / "gone.jpg"]
    ).files
    names = ["x.JPG", "a/z.webp", "a/b/y.png", "a/b/notes.txt", "gone.jpg"]
    assert [path.relative_to(tmp_path).as_posix() for path in found] == names


def test_globs_are_expanded_but_a_file_may_have_a_name_like_one(tmp_path):
    for name in ("a1.jpg", "a2.jpg", "b[1].jpg"):
        (tmp_path / name).write_bytes(b"")
    assert [path.name for path in find_photos([f"{tmp_path}/a*.jpg"]).files] == ["a1.jpg", "a2.jpg"]
    assert [path.name for path in find_photos([tmp_path / "b[1].jpg"]).files] == ["b[1].jpg"]


def test_addresses_and_standard_input_are_files_that_stay_text(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "-").touch()
    url = "https://host/photos/*?[1].jpg"
    assert find_photos([url, "-", "./-", url, "-"]).files == [
        url,
        "-",
        tmp_path.joinpath("-").relative_to(tmp_path),
    ]


def test_globs_leave_out_what_is_no_photo(tmp_path):
    for name in ("a.jpg", "a.txt", "b.png"):
        (tmp_path / name).write_bytes(b"")
    assert [path.name for path in find_photos([f"{tmp_path}/*"]).files] == ["a.jpg", "b.png"]


def test_clips_are_found_and_heard_as_well(tmp_path):
    for name in ("a.MP4", "b.webm", "c.wav", "d.jpg"):
        (tmp_path / name).write_bytes(b"")
    assert [path.name for path in find_clips([tmp_path]).files] == ["a.MP4", "b.webm"]
    assert [path.name for path in find_recordings([tmp_path]).files] == ["a.MP4", "b.webm", "c.wav"]
    with pytest.raises(UsageError, match="no clips there"):
        find_clips([f"{tmp_path}/*.jpg"])


def test_a_folder_that_is_called_like_a_photo_is_a_folder(tmp_path):
    (tmp_path / "x.jpg").mkdir()
    (tmp_path / "x.jpg" / "y.png").write_bytes(b"")
    assert [path.relative_to(tmp_path).as_posix() for path in find_photos([tmp_path]).files] == [
        "x.jpg/y.png"
    ]


def test_each_place_without_photos_is_wrong_use(tmp_path):
    (tmp_path / "a.jpg").write_bytes(b"")
    (tmp_path / "empty").mkdir()
    for nothing in (tmp_path / "empty", f"{tmp_path}/*.png"):
        with pytest.raises(UsageError, match="no photos"):
            find_photos([tmp_path / "a.jpg", nothing])
    with pytest.raises(UsageError, match="an empty name"):
        find_photos([""])


def test_a_folder_that_may_not_be_read_is_reported_not_skipped(tmp_path, monkeypatch):
    (tmp_path / "a.jpg").write_bytes(b"")
    (tmp_path / "closed").mkdir()
    listing = os.scandir

    def guarded(path):
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", str(path))
        return listing(path)

    monkeypatch.setattr(os, "scandir", guarded)
    assert [path.name for path in find_photos([tmp_path]).files] == ["a.jpg", "closed"]


def test_a_name_that_is_too_long_is_a_file_like_any_other():
    assert len(find_photos(["x" * 300]).files) == 1


def test_to_look_for_photos_torch_need_not_be_there():
    command = (
        "import sys, captioner.batch; assert not {'torch', 'transformers', 'matplotlib'} &"
        " set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", command], check=True)


def test_recordings_and_videos_are_found_and_photos_are_not(tmp_path):
    for name in ("a.WAV", "b.mp4", "c.jpg", "d.flac"):
        (tmp_path / name).write_bytes(b"")
    assert [path.name for path in find_recordings([tmp_path]).files] == ["a.WAV", "b.mp4", "d.flac"]
    with pytest.raises(UsageError, match=r"no recordings there \(looked for \.3gp, \.aac, "):
        find_recordings([f"{tmp_path}/*.jpg"])


JPEG, GIF, MP4, ID3 = b"\xff\xd8\xff\xe0 photo", b"GIF89a clip", b"\0\0\0\x18ftypmp42", b"ID3 song"


def names(found):
    return [path.name for path in found.files]


@pytest.mark.parametrize(
    ("find", "taken"),
    [
        (find_photos, ["a.jpe", "b.JFIF", "c.pgm", "d.pbm", "e.apng", "f.gif", "photo"]),
        (find_clips, ["clip", "f.gif", "g.mov"]),
        (find_recordings, ["clip", "g.mov", "h.flac"]),
    ],
)
def test_files_are_taken_by_their_suffix_or_where_they_have_none_by_how_they_begin(
    tmp_path, find, taken
):
    for name in (
        "a.jpe",
        "b.JFIF",
        "c.pgm",
        "d.pbm",
        "e.apng",
        "f.gif",
        "g.mov",
        "h.flac",
        "x.txt",
        "y.cr2",
    ):
        (tmp_path / name).touch()
    contents = {
        "photo": JPEG,
        "clip": MP4,
        "text": b"the free",
        "empty": b"",
        "page.": b"<html>",
        ".hidden": JPEG,
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    os.mkfifo(tmp_path / "pipe")
    found = find([tmp_path])
    assert names(found) == taken
    assert found.passed_over.total() == 16 - len(taken)
    again = find([f"{tmp_path}/*"])
    assert names(again) == taken and again.passed_over == found.passed_over


@pytest.mark.parametrize(
    ("others", "note"),
    [
        ([], None),
        (["a.txt"], "passed over 1 other file (1 .txt)"),
        (
            ["a.TXT", "b.txt", "c", "d.cr2", "e.svg"],
            "passed over 5 other files (2 .txt, 1 without suffix, 1 .cr2, 1 more)",
        ),
        ([".DS_Store", "._x.jpg", "Thumbs.db", "desktop.ini", ".nomedia"], None),
    ],
)
def test_it_is_told_how_many_files_are_passed_over(tmp_path, others, note):
    for name in ("x.jpg", *others):
        (tmp_path / name).touch()
    assert find_photos([tmp_path, f"{tmp_path}/*", tmp_path / "x.jpg"]).note() == note


def test_what_systems_put_beside_photos_is_no_photo_but_may_be_named(tmp_path):
    kept = (
        "photo.jpg",
        "._photo.jpg",
        "@eaDir/photo.jpg/SYNOPHOTO_THUMB_XL.jpg",
        "__MACOSX/._photo.jpg",
        ".AppleDouble/photo.jpg",
    )
    for name in kept:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert names(find_photos([tmp_path])) == ["photo.jpg"]
    assert names(find_photos([f"{tmp_path}/**"])) == ["photo.jpg"]
    assert names(find_photos([tmp_path / "._photo.jpg"])) == ["._photo.jpg"]
    assert names(find_photos([tmp_path / "@eaDir"])) == ["SYNOPHOTO_THUMB_XL.jpg"]
    with pytest.raises(UsageError, match="no photos"):
        find_photos([tmp_path / "__MACOSX"])


def test_in_hidden_folders_nothing_is_opened_and_nothing_counted(tmp_path):
    (tmp_path / ".git" / "objects").mkdir(parents=True)
    for name in (".git/objects/a.jpg", ".git/objects/1f", ".git/config", "..x.jpg"):
        (tmp_path / name).write_bytes(JPEG)
    found = find_photos([tmp_path])
    assert names(found) == ["..x.jpg", "a.jpg"] and found.note() is None
    assert names(find_photos([tmp_path / ".git" / "objects"])) == ["1f", "a.jpg"]


@pytest.fixture
def tree(tmp_path):
    """Photos in folders, and links to folders in all directions."""
    for name in (
        "lib/a.jpg",
        "lib/2024/b.jpg",
        "lib/2024/01/c.jpg",
        "lib/.hidden/d.jpg",
        "other/e.jpg",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    links = {
        "lib/latest": ".",
        "lib/2024/up": "..",
        "lib/2024/01/top": "../../..",
        "lib/1-first": "2024",
        "links/lib": "../lib",
        "links/lib again": "../lib",
        "links/other": "../other",
        "links/nowhere": "gone",
    }
    (tmp_path / "links").mkdir()
    for name, target in links.items():
        (tmp_path / name).symlink_to(target)
    return tmp_path


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["lib"], ["a", "2024/b", "2024/01/c", ".hidden/d"]),
        (["lib/**"], ["a", "2024/b", "2024/01/c", ".hidden/d"]),
        (["lib/**/*.jpg"], ["a", "2024/b", "2024/01/c"]),
        (["lib/**/**/*.jpg"], ["a", "2024/b", "2024/01/c"]),
        (["lib/**/01/*.jpg"], ["2024/01/c"]),
        (["lib/*/*.jpg"], ["2024/b", "latest/a"]),
        (["lib/2*/*.jpg", "lib/1-first/b.jpg"], ["2024/b"]),
        (["lib/[0-9]*/01/?.jpg"], ["2024/01/c"]),
        (
            ["lib", "lib/2024", "lib/latest", "./lib", "lib/../lib/*.jpg"],
            ["a", "2024/b", "2024/01/c", ".hidden/d"],
        ),
        (["lib/latest"], ["latest/a", "latest/2024/b", "latest/2024/01/c", "latest/.hidden/d"]),
        (["lib/.*/*.jpg"], [".hidden/d"]),
        (["lib/*/"], ["2024/b", "2024/01/c", "2024/up/a", "2024/up/.hidden/d"]),
    ],
)
def test_each_photo_comes_once_whatever_links_lead_to_it(tree, monkeypatch, paths, expected):
    monkeypatch.chdir(tree)
    inside = [file for file in find_photos(paths).files if file.name != "e.jpg"]
    assert sorted(path.as_posix() for path in inside) == sorted(
        f"lib/{name}.jpg" for name in expected
    )


def test_links_to_folders_are_followed_once(tree, monkeypatch):
    monkeypatch.chdir(tree)
    found = [path.as_posix() for path in find_photos(["links"]).files]
    assert found == [
        *(
            "links/lib/a.jpg",
            "links/lib/.hidden/d.jpg",
            "links/lib/2024/b.jpg",
            "links/lib/2024/01/c.jpg",
        ),
        "links/other/e.jpg",
    ]


def test_a_link_to_a_photo_is_one_where_it_is_the_only_way_to_it(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "out.jpg").touch()
    (tmp_path / "in" / "b.jpg").touch()
    for name, target in {
        "a.jpg": "b.jpg",
        "c.jpg": "../out.jpg",
        "d.jpg": "../out.jpg",
        "e.jpg": "gone.jpg",
    }.items():
        (tmp_path / "in" / name).symlink_to(target)
    assert names(find_photos([tmp_path / "in"])) == ["b.jpg", "c.jpg", "e.jpg"]
    assert names(find_photos([tmp_path / "in" / "a.jpg", tmp_path / "in"])) == [
        "a.jpg",
        "b.jpg",
        "c.jpg",
        "e.jpg",
    ]


def test_many_links_to_folders_above_take_no_time(tmp_path):
    folder = tmp_path
    for number in range(12):
        folder = folder / f"f{number}"
        folder.mkdir()
        (folder / "a.jpg").touch()
        for name in ("x", "y", "z"):
            (folder / name).symlink_to(tmp_path)
    assert (
        len(find_photos([f"{tmp_path}/**/*.jpg"]).files) == len(find_photos([tmp_path]).files) == 12
    )
