"""No two photos share a sidecar, and no photo is overwritten."""

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest

from captioner.errors import OutputError
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
    tmp_path: Path, sidecars: dict[str, str], others: tuple[str, ...], captioned: Callable[..., Record]
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


def test_a_sidecar_that_cannot_be_written_is_an_output_error(tmp_path: Path, captioned: Callable[..., Record]) -> None:
    (tmp_path / "a.jpg").touch()
    (tmp_path / "a.txt").mkdir()
    with pytest.raises(OutputError, match=r"a\.txt: results cannot be written"):
        SidecarWriter([]).write(captioned(str(tmp_path / "a.jpg"), "a dog"))
    with pytest.raises(OutputError, match="nowhere: results cannot be written"):
        SidecarWriter([]).write(captioned(str(tmp_path / "nowhere" / "a.jpg"), "a dog"))
