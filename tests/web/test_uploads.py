"""What visitors send: no archive can write elsewhere, fill the disk or hide a name."""

import errno
import io
import stat
import zipfile
from pathlib import Path

import pytest

from captioner.errors import (
    CorruptFileError,
    FileTooLargeError,
    OutputError,
    UnsupportedFileError,
    UsageError,
)
from captioner.web.limits import Limits
from captioner.web.uploads import Upload, photos_in, uploads

LIMITS = Limits(files=5, file_bytes=3_000_000, unpacked_bytes=5_000_000)
NOISE = bytes(range(256)) * 4


def zipped(
    folder: Path, *entries: tuple[str | zipfile.ZipInfo, bytes], method: int = zipfile.ZIP_DEFLATED
) -> Upload:
    path = folder / "sent.zip"
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return Upload("sent.zip", path)


@pytest.fixture
def unpacked(tmp_path: Path) -> Path:
    folder = tmp_path / "unpacked"
    folder.mkdir()
    return folder


def link() -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo("photo.jpg")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    return entry


def test_photos_come_out_under_numbers_and_keep_their_names(tmp_path, unpacked):
    sent = zipped(
        tmp_path, ("trip/a.jpg", NOISE), ("trip/day 2/b.PNG", NOISE), ("trip/notes.txt", b"x")
    )
    found = photos_in([sent], unpacked, LIMITS)
    assert [photo.name for photo in found] == ["trip/a.jpg", "trip/day 2/b.PNG"]
    assert sorted(path.name for path in unpacked.iterdir()) == ["00000.jpg", "00001.png"]
    assert found[0].path.read_bytes() == NOISE


@pytest.mark.parametrize(
    "name",
    [
        "../up.jpg",
        "a/../../up.jpg",
        "/etc/up.jpg",
        "..\\up.jpg",
        "C:\\up.jpg",
        "\\\\host\\up.jpg",
        "a/..\\up.jpg",
    ],
)
def test_an_entry_that_points_out_of_the_archive_refuses_all_of_it(tmp_path, unpacked, name):
    sent = zipped(tmp_path, ("good.jpg", NOISE), (name, NOISE))
    with pytest.raises(UnsupportedFileError, match="points out of the archive"):
        photos_in([sent], unpacked, LIMITS)
    assert not list(unpacked.iterdir())
    assert {path.name for path in tmp_path.iterdir()} == {"sent.zip", "unpacked"}


def test_a_link_is_refused(tmp_path, unpacked):
    with pytest.raises(UnsupportedFileError, match="a link"):
        photos_in([zipped(tmp_path, (link(), b"/etc/passwd"))], unpacked, LIMITS)


def test_a_bomb_is_refused_by_its_ratio_before_anything_is_written(tmp_path, unpacked):
    sent = zipped(tmp_path, ("bomb.jpg", b"\0" * 2_500_000))
    with pytest.raises(FileTooLargeError, match="would grow"):
        photos_in([sent], unpacked, LIMITS)
    assert not list(unpacked.iterdir())


def test_a_bomb_of_many_entries_is_refused_by_their_sum(tmp_path, unpacked):
    entries = [(f"{number}.jpg", bytes([number]) * 2_900_000) for number in range(3)]
    with pytest.raises(FileTooLargeError, match="unpacks to more than 5 MB"):
        photos_in([zipped(tmp_path, *entries, method=zipfile.ZIP_STORED)], unpacked, LIMITS)


def test_a_header_that_lies_about_the_size_is_found_out_while_it_is_unpacked(tmp_path, unpacked):
    sent = zipped(tmp_path, ("bomb.jpg", b"\0" * 50_000_000))
    content = sent.path.read_bytes()
    truth, lie = (50_000_000).to_bytes(4, "little"), (1000).to_bytes(4, "little")
    assert content.count(truth) == 2
    sent.path.write_bytes(content.replace(truth, lie))
    with pytest.raises((FileTooLargeError, CorruptFileError)):
        photos_in([sent], unpacked, LIMITS)
    assert sum(path.stat().st_size for path in unpacked.iterdir()) <= LIMITS.file_bytes


def test_a_full_disk_is_not_the_fault_of_the_archive(tmp_path, unpacked, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("captioner.web.uploads._extract", full)
    with pytest.raises(OutputError, match=r"sent.zip cannot be unpacked: No space left"):
        photos_in([zipped(tmp_path, ("a.jpg", NOISE))], unpacked, LIMITS)


def test_too_many_photos_are_refused(tmp_path, unpacked):
    sent = zipped(tmp_path, *((f"{number}.jpg", NOISE) for number in range(6)))
    with pytest.raises(FileTooLargeError, match="6 photos; at most 5"):
        photos_in([sent], unpacked, LIMITS)
    with pytest.raises(UsageError, match="more than 5 photos"):
        photos_in(
            [Upload(f"{number}.jpg", tmp_path / f"{number}.jpg") for number in range(6)],
            unpacked,
            LIMITS,
        )


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 nothing", b"no archive at all"])
def test_a_broken_archive_says_so(tmp_path, unpacked, content):
    (tmp_path / "sent.zip").write_bytes(content)
    with pytest.raises(CorruptFileError, match=r"sent\.zip: this ZIP cannot be unpacked"):
        photos_in([Upload("sent.zip", tmp_path / "sent.zip")], unpacked, LIMITS)


def test_damaged_bytes_within_an_archive_say_so(tmp_path, unpacked):
    sent = zipped(tmp_path, ("a.jpg", NOISE))
    content = bytearray(sent.path.read_bytes())
    content[40:60] = bytes(20)
    sent.path.write_bytes(content)
    with pytest.raises(CorruptFileError):
        photos_in([sent], unpacked, LIMITS)


def test_an_encrypted_archive_says_so(tmp_path, unpacked):
    sent = zipped(tmp_path, ("a.jpg", NOISE))
    content = bytearray(sent.path.read_bytes())
    for start in (6, content.index(b"PK\x01\x02") + 8):
        content[start] |= 1
    sent.path.write_bytes(content)
    with pytest.raises(UnsupportedFileError, match="encrypted"):
        photos_in([sent], unpacked, LIMITS)


def test_an_archive_without_photos_says_so(tmp_path, unpacked):
    sent = zipped(
        tmp_path,
        ("notes.txt", b"x"),
        ("__MACOSX/._a.jpg", b"x"),
        ("@eaDir/a.jpg/T.jpg", b"x"),
        ("inner.zip", NOISE),
    )
    with pytest.raises(UsageError, match=r"sent\.zip: no photos there"):
        photos_in([sent], unpacked, LIMITS)
    with pytest.raises(UsageError, match="choose photos"):
        photos_in([], unpacked, LIMITS)


def test_equal_names_are_told_apart(tmp_path, unpacked):
    files = [
        Upload("a.jpg", tmp_path / "1"),
        Upload("A.JPG", tmp_path / "2"),
        Upload("a (2).jpg", tmp_path / "3"),
    ]
    names = [photo.name.casefold() for photo in photos_in(files, unpacked, LIMITS)]
    assert len(set(names)) == 3
    assert names[:2] == ["a.jpg", "a (2).jpg"]


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        ("<img src=x onerror=alert(1)>.jpg", "<img src=x onerror=alert(1)>.jpg"),
        ("../../etc/passwd", "etc/passwd"),
        ("..", "file"),
        ("a\0b.jpg", "ab.jpg"),
        ("C:\\photos\\a.jpg", "C:/photos/a.jpg"),
    ],
)
def test_a_name_stays_what_it_was_but_for_what_leads_elsewhere(sent, name):
    assert uploads({"path": "/somewhere/else.jpg", "orig_name": sent})[0].name == name


def test_a_long_name_is_cut_and_keeps_its_suffix():
    (upload,) = uploads([{"path": "/x/y.jpg", "orig_name": "ä" * 300 + ".jpeg"}])
    assert len(upload.name.encode()) < 255
    assert upload.name.endswith(".jpeg")


def test_nothing_sent_is_no_upload():
    assert uploads(None) == []


def test_a_zip_by_content_is_unpacked_whatever_it_is_called(tmp_path, unpacked):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("a.jpg", NOISE)
    (tmp_path / "photo.jpg").write_bytes(stream.getvalue())
    assert [
        photo.name
        for photo in photos_in([Upload("p.jpg", tmp_path / "photo.jpg")], unpacked, LIMITS)
    ] == ["a.jpg"]
