"""No two photos share a sidecar, and no photo is overwritten."""

import codecs
import itertools
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from captioner.errors import OutputError, UsageError
from captioner.outputs.record import Record
from captioner.outputs.sidecar import SidecarWriter

# What lies in a folder, and the sidecars that its photos get.
FOLDERS = [
    ({"a.jpg": "a.txt", "b.png": "b.txt"}, ()),
    ({"a.jpg": "a.jpg.txt", "a.png": "a.png.txt", "b.png": "b.txt"}, ()),
    ({"a.jpg": "a.jpg.txt", "A.PNG": "A.PNG.txt"}, ()),
    ({"a.jpg": "a.txt", "a.jpg.png": "a.jpg.png.txt"}, ()),
    ({"a": "a.txt", "a.jpg": "a.jpg.txt"}, ()),
    ({"a.txt": "a.txt.txt"}, ()),
    ({"a.jpg": "a.txt", "b.c.jpg": "b.c.txt"}, ("a.xmp", "a.json", "b.jpg.md")),
    ({"a.jpg": "a.jpg.txt"}, ("a.heic",)),
]


@pytest.mark.parametrize(("sidecars", "others"), FOLDERS)
def test_no_two_photos_share_a_sidecar_in_any_order(
    tmp_path: Path,
    sidecars: dict[str, str],
    others: tuple[str, ...],
    captioned: Callable[..., Record],
) -> None:
    for name in (*sidecars, *others):
        (tmp_path / name).write_bytes(b"photo")
    for order in itertools.permutations(sidecars):
        with SidecarWriter(tmp_path / name for name in order) as writer:
            for name in order:
                writer.write(captioned(str(tmp_path / name), f"caption of {name}"))
        found = {path.name for path in tmp_path.iterdir()}
        assert found == {*sidecars, *others, *sidecars.values()}
        for name, sidecar in sidecars.items():
            assert (tmp_path / sidecar).read_text() == f"caption of {name}\n"
            assert (tmp_path / name).read_bytes() == b"photo"


def test_a_photo_that_lies_there_counts_though_it_is_not_captioned(tmp_path: Path) -> None:
    for name in ("a.jpg", "a.png"):
        (tmp_path / name).touch()
    assert SidecarWriter([tmp_path / "a.jpg"]).path(tmp_path / "a.jpg") == tmp_path / "a.jpg.txt"


def test_captions_are_read_back_equal(
    tmp_path: Path, hard_records: tuple[Record, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    files = [Path(record.file) for record in hard_records]
    for file in files:
        file.parent.mkdir(exist_ok=True)
        file.touch()
    with SidecarWriter(files) as writer:
        for record in hard_records:
            writer.write(record)
    for file, record in zip(files, hard_records, strict=True):
        if record.caption is not None:
            assert file.with_suffix(".txt").read_bytes().decode() == f"{record.caption}\n"


def test_a_failed_photo_gets_no_sidecar(tmp_path: Path, failed: Callable[..., Record]) -> None:
    (tmp_path / "a.jpg").touch()
    with SidecarWriter([tmp_path / "a.jpg"]) as writer:
        writer.write(failed(str(tmp_path / "a.jpg")))
    assert [path.name for path in tmp_path.iterdir()] == ["a.jpg"]


def test_a_sidecar_that_cannot_be_written_is_an_output_error(
    tmp_path: Path, captioned: Callable[..., Record]
) -> None:
    (tmp_path / "a.jpg").touch()
    (tmp_path / "a.txt").mkdir()
    with pytest.raises(
        OutputError, match=r"a\.txt: a folder, pipe or device lies where the sidecar belongs"
    ):
        SidecarWriter([]).write(captioned(str(tmp_path / "a.jpg"), "a dog"))
    with pytest.raises(OutputError, match="nowhere: results cannot be written"):
        SidecarWriter([]).write(captioned(str(tmp_path / "nowhere" / "a.jpg"), "a dog"))


EXISTING = [
    ("overwrite", b"old text\n", "new"),
    ("append", b"old text\n", "old text, new"),
    ("append", b"  \n", "new"),
    ("append", b"old text, new", "old text, new"),
    ("append", b"new", "new"),
    ("append", b"brand-new", "brand-new, new"),
    ("prepend", b"old text\n", "new, old text"),
    ("prepend", b"new, old text\n", "new, old text"),
    ("prepend", b"newer", "new, newer"),
]


@pytest.mark.parametrize(("existing", "old", "expected"), EXISTING)
def test_what_was_there_is_replaced_or_kept_and_nothing_is_added_twice(
    tmp_path: Path, existing: str, old: bytes, expected: str, captioned: Callable[..., Record]
) -> None:
    (tmp_path / "a.jpg").touch()
    (tmp_path / "a.txt").write_bytes(old)
    for _ in range(2):
        SidecarWriter([tmp_path / "a.jpg"], existing).write(
            captioned(str(tmp_path / "a.jpg"), "new")
        )
        assert (tmp_path / "a.txt").read_text(encoding="utf-8") == f"{expected}\n"


def test_text_in_another_encoding_is_kept_to_the_byte(
    tmp_path: Path, captioned: Callable[..., Record]
) -> None:
    (tmp_path / "a.jpg").touch()
    (tmp_path / "a.txt").write_bytes(b"caf\xe9\n")
    SidecarWriter([], "append").write(captioned(str(tmp_path / "a.jpg"), "naïve"))
    assert (tmp_path / "a.txt").read_bytes() == b"caf\xe9, " + "naïve\n".encode()


MARKED = [
    ("utf-8", codecs.BOM_UTF8),
    ("utf-16-le", codecs.BOM_UTF16_LE),
    ("utf-16-be", codecs.BOM_UTF16_BE),
    ("utf-32-le", codecs.BOM_UTF32_LE),
    ("utf-32-be", codecs.BOM_UTF32_BE),
]


@pytest.mark.parametrize(("encoding", "mark"), MARKED)
@pytest.mark.parametrize(
    ("existing", "old", "expected"),
    [
        ("append", "old, né\r\n", "old, né, new 犬\r\n"),
        ("prepend", "old, né\n", "new 犬, old, né\n"),
        ("append", "two\r\nlines", "two\r\nlines, new 犬\r\n"),
        ("prepend", "", "new 犬\n"),
        ("append", "new 犬\n", "new 犬\n"),
    ],
)
def test_a_text_with_a_byte_order_mark_keeps_it_and_its_encoding(
    tmp_path: Path,
    encoding: str,
    mark: bytes,
    existing: str,
    old: str,
    expected: str,
    captioned: Callable[..., Record],
) -> None:
    (tmp_path / "a.jpg").touch()
    (tmp_path / "a.txt").write_bytes(mark + old.encode(encoding))
    for _ in range(2):
        SidecarWriter([], existing).write(captioned(str(tmp_path / "a.jpg"), "new 犬"))
        assert (tmp_path / "a.txt").read_bytes() == mark + expected.encode(encoding)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("old".encode("utf-16-le"), "zero bytes"),
        (codecs.BOM_UTF16_LE + b"odd", "a broken text in utf-16-le"),
        (codecs.BOM_UTF32_LE + b"\xff\xff\xff\xff", "a broken text in utf-32-le"),
    ],
)
def test_what_cannot_be_lengthened_stays_as_it_is(
    tmp_path: Path, content: bytes, message: str, captioned: Callable[..., Record]
) -> None:
    (tmp_path / "a.jpg").touch()
    (tmp_path / "a.txt").write_bytes(content)
    with pytest.raises(OutputError, match=message):
        SidecarWriter([], "append").write(captioned(str(tmp_path / "a.jpg"), "new"))
    assert (tmp_path / "a.txt").read_bytes() == content
    SidecarWriter([], "overwrite").write(captioned(str(tmp_path / "a.jpg"), "new"))
    assert (tmp_path / "a.txt").read_bytes() == b"new\n"


def test_of_a_link_the_target_is_written_and_a_pipe_is_left_alone(
    tmp_path: Path, captioned: Callable[..., Record]
) -> None:
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        (tmp_path / name).touch()
    (tmp_path / "text").write_text("old")
    (tmp_path / "a.txt").symlink_to("text")
    (tmp_path / "c.txt").symlink_to("c.txt")
    os.mkfifo(tmp_path / "b.txt")
    writer = SidecarWriter([], "append")
    writer.write(captioned(str(tmp_path / "a.jpg"), "new"))
    assert (tmp_path / "a.txt").is_symlink() and (tmp_path / "text").read_text() == "old, new\n"
    with pytest.raises(OutputError, match="pipe or device"):
        writer.write(captioned(str(tmp_path / "b.jpg"), "new"))
    writer.write(captioned(str(tmp_path / "c.jpg"), "new"))
    assert (tmp_path / "c.txt").read_text() == "new\n"


def test_a_name_as_long_as_the_disk_takes_has_a_sidecar(
    tmp_path: Path, captioned: Callable[..., Record]
) -> None:
    photo = tmp_path / f"{'x' * 251}.jpg"
    photo.touch()
    SidecarWriter([photo]).write(captioned(str(photo), "a dog"))
    assert photo.with_suffix(".txt").read_text() == "a dog\n"


def test_photos_with_a_sidecar_are_left_out_where_the_user_says_skip(tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("a.jpg", "b.jpg", "b.png", "none/c.jpg", "x" * 300)]
    for name in ("a.jpg", "b.jpg", "b.png", "a.txt", "b.txt", "b.png.txt"):
        (tmp_path / name).touch()
    skip = SidecarWriter(files, "skip")
    assert [skip.leaves_out(file) for file in files] == [True, False, True, False, False]
    assert not any(map(SidecarWriter(files, "append").leaves_out, files))


def test_a_full_disk_leaves_what_was_there(
    tmp_path: Path, captioned: Callable[..., Record], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.jpg").touch()
    (tmp_path / "a.txt").write_text("by hand\n")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OutputError, match="No space left"):
        SidecarWriter([], "append").write(captioned(str(tmp_path / "a.jpg"), "a dog"))
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
        "a.jpg": "",
        "a.txt": "by hand\n",
    }


def test_a_folder_that_may_not_be_written_is_wrong_use_before_anything_is_captioned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "open").mkdir()
    SidecarWriter([tmp_path / "a.jpg", tmp_path / "none" / "b.jpg"]).check()
    monkeypatch.setattr("os.access", lambda path, _: str(path).endswith("open"))
    SidecarWriter([tmp_path / "a.jpg", tmp_path / "open" / "b.jpg"]).check()
    with pytest.raises(UsageError, match="no sidecars can be written"):
        SidecarWriter([tmp_path / "a.jpg"]).check()
