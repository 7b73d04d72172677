"""The suffix chooses the writer, and a bad path is told before the work starts."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from captioner.errors import OutputError, UsageError
from captioner.outputs.formats import WRITERS, check_outputs, failures_in, open_writer
from captioner.outputs.record import Record, Segment, TextField


def spoken(record: Record) -> Record:
    """The same as if it had been said: subtitles are of segments."""
    return replace(record, duration_s=1.0, segments=(Segment(0.0, 1.0, record.caption or ""),))


FORMATS = [(field, suffix) for field, writers in WRITERS.items() for suffix in writers]


@pytest.mark.parametrize("text_field", WRITERS)
@pytest.mark.parametrize("name", ["out.doc", "out", "out.jsonl.gz"])
def test_another_suffix_is_wrong_use_and_the_message_names_those_that_do(
    tmp_path: Path, name: str, text_field: TextField
) -> None:
    with pytest.raises(UsageError) as caught:
        open_writer(tmp_path / name, text_field=text_field)
    assert all(suffix in str(caught.value) for suffix in WRITERS[text_field])
    assert not (tmp_path / name).exists()


@pytest.mark.parametrize("are_there", [False, True])
@pytest.mark.parametrize(
    "second", ["out.jsonl", "./out.jsonl", "folder/../out.jsonl", "link/out.jsonl", "linked.jsonl"]
)
def test_one_output_named_twice_is_wrong_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, second: str, are_there: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("folder").mkdir()
    Path("link").symlink_to(tmp_path)
    Path("linked.jsonl").symlink_to("out.jsonl")
    if are_there:
        Path("out.jsonl").touch()
    with pytest.raises(UsageError, match="are the same file"):
        check_outputs([tmp_path / "out.jsonl", Path("other.csv"), Path(second)], [])


def test_two_names_of_one_file_on_the_disk_are_wrong_use(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").touch()
    (tmp_path / "b.jsonl").hardlink_to(tmp_path / "a.jsonl")
    with pytest.raises(UsageError, match="are the same file"):
        check_outputs([tmp_path / "a.jsonl", tmp_path / "b.jsonl"], [])


def test_a_link_that_leads_to_itself_is_wrong_use(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").symlink_to("a.jsonl")
    with pytest.raises(UsageError, match="a link that leads to itself"):
        check_outputs([tmp_path / "a.jsonl"], [])


@pytest.mark.parametrize(("text_field", "suffix"), FORMATS)
def test_a_missing_folder_is_wrong_use_before_any_record(
    tmp_path: Path, text_field: TextField, suffix: str
) -> None:
    with pytest.raises(UsageError, match="there is no folder"):
        open_writer(tmp_path / "nowhere" / f"out{suffix}", text_field=text_field)


@pytest.mark.parametrize(("text_field", "suffix"), FORMATS)
def test_a_folder_of_the_name_is_wrong_use(
    tmp_path: Path, text_field: TextField, suffix: str
) -> None:
    (tmp_path / f"out{suffix}").mkdir()
    with pytest.raises(UsageError, match="is a folder"):
        open_writer(tmp_path / f"out{suffix}", text_field=text_field)


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
@pytest.mark.parametrize(("text_field", "suffix"), FORMATS)
def test_a_folder_that_may_not_be_written_is_wrong_use(
    tmp_path: Path, text_field: TextField, suffix: str
) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(UsageError, match="Permission denied"):
        open_writer(tmp_path / f"out{suffix}", text_field=text_field)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize(("text_field", "suffix"), FORMATS)
@pytest.mark.parametrize("full", [".part", ""], ids=["disk", "device"])
def test_a_full_disk_or_device_is_an_output_error_that_names_the_file(
    tmp_path: Path, text_field: TextField, suffix: str, full: str, hard_records: tuple[Record, ...]
) -> None:
    path = tmp_path / f"out{suffix}"
    Path(f"{path}{full}").symlink_to("/dev/full")
    message = rf"out\{suffix}: results cannot be written \(.*No space left"
    with pytest.raises(OutputError, match=message):  # noqa: SIM117
        with open_writer(path, text_field=text_field) as writer:
            for record in hard_records:
                writer.write(spoken(record))


@pytest.mark.parametrize(("text_field", "suffix"), FORMATS)
def test_case_of_the_suffix_makes_no_difference_and_closing_twice_is_harmless(
    tmp_path: Path, text_field: TextField, suffix: str, hard_records: tuple[Record, ...]
) -> None:
    path = tmp_path / f"OUT{suffix.upper()}"
    with open_writer(str(path), text_field=text_field) as writer:
        writer.write(spoken(hard_records[0]))
        writer.close()
    assert [found.name for found in tmp_path.iterdir()] == [path.name]
    assert b"a dog runs" in path.read_bytes()


@pytest.mark.parametrize(("text_field", "suffix"), FORMATS)
def test_an_older_file_stays_until_the_new_one_is_whole(
    tmp_path: Path, text_field: TextField, suffix: str, hard_records: tuple[Record, ...]
) -> None:
    path = tmp_path / f"out{suffix}"
    path.write_text("older")
    with pytest.raises(KeyboardInterrupt), open_writer(path, text_field=text_field) as writer:
        writer.write(hard_records[0])
        raise KeyboardInterrupt
    assert path.read_text() == "older"
    with open_writer(path, text_field=text_field) as writer:
        writer.write(hard_records[0])
        assert path.read_text() == "older"
    assert path.read_bytes() != b"older"
    assert [found.name for found in tmp_path.iterdir()] == [path.name]


def test_all_is_checked_before_anything_is_written(tmp_path: Path) -> None:
    files = [tmp_path / "photos" / "a.jpg"]
    for field, writers in WRITERS.items():
        check_outputs([tmp_path / f"out{suffix}" for suffix in [*writers, ".JSONL"]], files, field)
    check_outputs([tmp_path / "metadata.jsonl"], files)
    for wrong, message in (
        (tmp_path / "out.txt", "no format"),
        (tmp_path, "a folder"),
        (tmp_path / "no" / "a.csv", "no fol"),
    ):
        with pytest.raises(UsageError, match=message):
            check_outputs([wrong], files)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("text_field", ["label", "text"])
def test_an_image_folder_has_captions_alone(tmp_path: Path, text_field: TextField) -> None:
    with pytest.raises(UsageError, match="captions alone"):
        check_outputs([tmp_path / "metadata.jsonl"], ["a.mp4"], text_field)
    with pytest.raises(UsageError, match="captions alone"):
        open_writer(tmp_path / "metadata.jsonl", text_field=text_field)


@pytest.mark.parametrize("name", ["a.srt", "a.VTT"])
def test_subtitles_are_of_one_recording(tmp_path: Path, name: str) -> None:
    check_outputs([tmp_path / name], ["a.wav"], "text")
    with pytest.raises(UsageError, match="subtitles are of one recording, and there are 2"):
        check_outputs([tmp_path / name], ["a.wav", "b.wav"], "text")


def test_some_outputs_tell_of_failures(tmp_path: Path) -> None:
    names = ["a.jsonl", "b.csv", "c.parquet", "d.json", "e.html", "metadata.jsonl"]
    assert failures_in(map(Path, names)) == ["a.jsonl", "b.csv", "c.parquet", "e.html"]
    assert failures_in(map(Path, ["a.jsonl", "b.txt", "c.srt"]), "text") == ["a.jsonl"]


def test_importing_the_writers_does_not_import_torch() -> None:
    command = (
        "import sys, captioner.outputs; assert 'torch' not in sys.modules and 'matplotlib'"
        " not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", command], check=True)
