"""The suffix chooses the writer, and a bad path is told before the work starts."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from captioner.errors import OutputError, UsageError
from captioner.outputs.by_suffix import WRITERS, check_outputs, failures_in, open_writer
from captioner.outputs.record import Record


@pytest.mark.parametrize("name", ["out.txt", "out", "out.jsonl.gz"])
def test_another_suffix_is_wrong_use_and_the_message_names_those_that_do(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError) as caught:
        open_writer(tmp_path / name)
    assert all(suffix in str(caught.value) for suffix in WRITERS)
    assert not (tmp_path / name).exists()


@pytest.mark.parametrize("suffix", WRITERS)
def test_a_missing_folder_is_wrong_use_before_any_record(tmp_path: Path, suffix: str) -> None:
    with pytest.raises(UsageError, match="there is no folder"):
        open_writer(tmp_path / "nowhere" / f"out{suffix}")


@pytest.mark.parametrize("suffix", WRITERS)
def test_a_folder_of_the_name_is_wrong_use(tmp_path: Path, suffix: str) -> None:
    (tmp_path / f"out{suffix}").mkdir()
    with pytest.raises(UsageError, match="is a folder"):
        open_writer(tmp_path / f"out{suffix}")


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
@pytest.mark.parametrize("suffix", WRITERS)
def test_a_folder_that_may_not_be_written_is_wrong_use(tmp_path: Path, suffix: str) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(UsageError, match="Permission denied"):
        open_writer(tmp_path / f"out{suffix}")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize("suffix", WRITERS)
def test_a_full_disk_is_an_output_error_that_names_the_file(
    tmp_path: Path, suffix: str, hard_records: tuple[Record, ...]
) -> None:
    path = tmp_path / f"out{suffix}"
    Path(f"{path}.part").symlink_to("/dev/full")
    with pytest.raises(OutputError, match=rf"out\{suffix}: results cannot be written \(.*No space left"):  # noqa: SIM117
        with open_writer(path) as writer:
            for record in hard_records:
                writer.write(record)


@pytest.mark.parametrize("suffix", WRITERS)
def test_case_of_the_suffix_makes_no_difference_and_closing_twice_is_harmless(
    tmp_path: Path, suffix: str, hard_records: tuple[Record, ...]
) -> None:
    path = tmp_path / f"OUT{suffix.upper()}"
    with open_writer(str(path)) as writer:
        writer.write(hard_records[0])
        writer.close()
    assert [found.name for found in tmp_path.iterdir()] == [path.name]
    assert b"a dog runs" in path.read_bytes()


@pytest.mark.parametrize("suffix", WRITERS)
def test_an_older_file_stays_until_the_new_one_is_whole(
    tmp_path: Path, suffix: str, hard_records: tuple[Record, ...]
) -> None:
    path = tmp_path / f"out{suffix}"
    path.write_text("older")
    with pytest.raises(KeyboardInterrupt), open_writer(path) as writer:
        writer.write(hard_records[0])
        raise KeyboardInterrupt
    assert path.read_text() == "older"
    with open_writer(path) as writer:
        writer.write(hard_records[0])
        assert path.read_text() == "older"
    assert path.read_bytes() != b"older"
    assert [found.name for found in tmp_path.iterdir()] == [path.name]


def test_all_is_checked_before_anything_is_written(tmp_path: Path) -> None:
    files = [tmp_path / "photos" / "a.jpg"]
    check_outputs([tmp_path / f"out{suffix}" for suffix in WRITERS] + [tmp_path / "metadata.jsonl"], files)
    for wrong, message in (
        (tmp_path / "out.txt", "no format"),
        (tmp_path, "a folder"),
        (tmp_path / "no" / "a.csv", "no fol"),
    ):
        with pytest.raises(UsageError, match=message):
            check_outputs([wrong], files)
    assert not list(tmp_path.iterdir())


def test_some_outputs_tell_of_failures(tmp_path: Path) -> None:
    names = ["a.jsonl", "b.csv", "c.parquet", "d.json", "e.html", "metadata.jsonl"]
    assert failures_in(map(Path, names)) == ["a.jsonl", "b.csv", "c.parquet", "e.html"]


def test_importing_the_writers_does_not_import_torch() -> None:
    command = "import sys, captioner.outputs; assert 'torch' not in sys.modules and 'matplotlib' not in sys.modules"
    subprocess.run([sys.executable, "-c", command], check=True)
