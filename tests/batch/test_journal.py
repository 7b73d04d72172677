"""The journal is read back whatever ended the run, without its last line."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from captioner.batch.journal import Journal, find_journal, place
from captioner.errors import OutputError, UsageError
from captioner.outputs import Candidate, ErrorInfo, Record

SETTINGS = {"model": "flickr8k", "search": {"beam_size": 3, "banned_words": ("a",)}}


def record(name, failed=False):
    if failed:
        return Record(name, None, None, (), "flickr8k", ErrorInfo("CorruptFileError", "broken"))
    return Record(
        name, f'a "{name}"\n', -1.5, (Candidate(f'a "{name}"\n', -1.5),), "flickr8k", None
    )


def places(*files):
    return set(map(place, files))


BATCHES = [
    [record("a.jpg"), record("caf\udce9.jpg")],
    [record("b\n.jpg", failed=True)],
    [record("c.jpg"), record("d.jpg")],
]


@pytest.fixture
def path(tmp_path):
    journal = Journal(tmp_path / "out.jsonl.unfinished", SETTINGS)
    for batch in BATCHES:
        journal.write(batch)
    journal.close()
    return journal.path


def test_records_are_read_back_equal(path, tmp_path):
    journal = Journal(tmp_path / "another", SETTINGS)
    for batch in BATCHES:
        journal.write(batch)
    assert list(journal.records()) == [one for batch in BATCHES for one in batch]
    assert journal.num_records == 5
    journal.remove()
    assert not (tmp_path / "another").exists()


def test_the_last_line_is_done_again_since_its_sidecars_may_be_missing(path):
    journal = Journal(path, SETTINGS)
    assert journal.done == places("a.jpg", "caf\udce9.jpg")
    assert journal.again == places("c.jpg", "d.jpg")
    assert journal.failed == places("b\n.jpg")
    journal.write([record("c.jpg")])
    assert [one.file for one in journal.records()] == ["a.jpg", "caf\udce9.jpg", "b\n.jpg", "c.jpg"]
    assert journal.num_records == 4


def test_any_torn_end_is_cut_off(path, monkeypatch):
    monkeypatch.setattr("os.fsync", lambda _: None)
    whole = path.read_bytes()
    lines = whole.splitlines(keepends=True)
    ends = [sum(map(len, lines[:count])) for count in range(5)]
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        journal = Journal(path, SETTINGS)
        complete = max(count for count in range(5) if ends[count] <= length)
        done = [one for batch in BATCHES[: max(0, complete - 2)] for one in batch]
        assert list(journal.records()) == done
        assert journal.done | journal.failed == places(*(one.file for one in done))
        journal.close()


@pytest.mark.parametrize(
    "rubbish", [b"\0" * 500, b"\0" * 99 + b"\n", b'{"file": \n', b"[1, 2", b"\xff\xfe\n"]
)
def test_what_a_loss_of_power_leaves_is_cut_off(path, rubbish):
    path.write_bytes(path.read_bytes() + rubbish)
    journal = Journal(path, SETTINGS)
    assert journal.again == places("c.jpg", "d.jpg")


@pytest.mark.parametrize(
    "line",
    [
        '[{"file": "a.jpg"}]',
        '[{"fil": "a.jpg", "error": null}]',
        "[7]",
        '{"failed": 7}',
        '{"erlier": []}',
        '{"earlier": {}, "a": 1}',
        '{"earlier": [{"file": 7}]}',
        '{"failed": {"c.jpg": {"kind": "x"}}}',
    ],
)
def test_what_no_run_writes_is_named_and_stays(path, line):
    content = path.read_bytes() + line.encode() + b"\n" + b"[]\n"
    path.write_bytes(content)
    try:
        list(Journal(path, SETTINGS).records())
    except UsageError as error:
        assert "is not the journal of a run" in str(error) and path.read_bytes() == content
    else:
        assert line == '{"earlier": {}, "a": 1}'


def test_lines_nested_too_deep_are_torn(path):
    path.write_bytes(path.read_bytes() + b"[" * 100_000 + b"\n")
    assert Journal(path, SETTINGS).again == places("c.jpg", "d.jpg")


def test_other_settings_are_wrong_use_and_change_nothing(path):
    before = path.read_bytes()
    with pytest.raises(UsageError, match="another model or other options"):
        Journal(path, {**SETTINGS, "model": "mine"})
    assert path.read_bytes() == before


def test_two_runs_cannot_share_one(path):
    pytest.importorskip("fcntl")
    first = Journal(path, SETTINGS)
    with pytest.raises(UsageError, match="another run is at work"):
        Journal(path, SETTINGS)
    first.close()
    Journal(path, SETTINGS).close()


def test_a_full_disk_is_an_output_error(tmp_path, monkeypatch):
    journal = Journal(tmp_path / "out", SETTINGS)

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OutputError, match="No space left"):
        journal.write(BATCHES[0])


def test_it_lies_beside_the_first_output_or_is_found_beside_any(tmp_path):
    outputs = [tmp_path / "a.csv", tmp_path / "b.jsonl"]
    assert find_journal(outputs, tmp_path) == tmp_path / "a.csv.unfinished"
    (tmp_path / "b.jsonl.unfinished").write_text(json.dumps({}))
    assert find_journal(outputs, tmp_path) == tmp_path / "b.jsonl.unfinished"


def test_without_outputs_it_lies_in_the_first_folder_that_may_be_written_or_where_it_is(
    tmp_path, monkeypatch
):
    closed, first, second = (tmp_path / name for name in ("closed", "first", "second"))
    for folder in (closed, first, second):
        folder.mkdir()
    monkeypatch.setattr("os.access", lambda path, _: Path(path) != closed)
    folders = [closed, first, second]
    assert find_journal([], folders) == first / ".captions.unfinished"
    (second / ".captions.unfinished").touch()
    assert find_journal([], folders) == second / ".captions.unfinished"
    assert find_journal([], [closed]) == closed / ".captions.unfinished"


def test_a_long_name_has_a_journal_with_a_short_one(tmp_path):
    journal = find_journal([tmp_path / f"{'x' * 249}.jsonl"], [])
    Journal(journal, SETTINGS).close()
    assert journal.exists() and journal.suffix == ".unfinished"


@pytest.mark.parametrize("torn", ["", '{"c.jpg": {"type"', "[1"])
def test_files_that_failed_after_all_are_so_in_the_records(path, torn):
    failed = [replace(record("d.jpg"), error=ErrorInfo("OutputError", "too long"))]
    journal = Journal(path, SETTINGS)
    journal.write(BATCHES[2])
    journal.fail(failed)
    expected = [*BATCHES[0], *BATCHES[1], BATCHES[2][0], *failed]
    assert list(journal.records()) == expected
    journal.close()
    path.write_bytes(path.read_bytes() + torn.encode())
    journal = Journal(path, SETTINGS)
    assert journal.again == places("c.jpg", "d.jpg") and journal.num_records == 3
    journal.write(BATCHES[2])
    journal.fail(failed)
    journal.write([record("e.jpg")])
    journal.close()
    journal = Journal(path, SETTINGS)
    assert journal.failed == places("b\n.jpg", "d.jpg") and journal.num_records == 5
    assert list(journal.records()) == expected


def test_what_is_taken_over_is_never_done_again(tmp_path, monkeypatch):
    monkeypatch.setattr("captioner.batch.journal.TAKEN_OVER_AT_ONCE", 2)
    everything = [one for batch in BATCHES for one in batch]
    journal = Journal(tmp_path / "out", SETTINGS)
    journal.take_over(everything)
    for _ in range(2):
        journal.close()
        journal = Journal(tmp_path / "out", SETTINGS)
        assert (
            journal.done | journal.failed == places(*(one.file for one in everything))
            and not journal.again
        )
        assert journal.failed == places("b\n.jpg") and journal.num_records == 5
    journal.write([record("e.jpg")])
    assert list(journal.records()) == [*everything, record("e.jpg")]
    journal.close()
    assert Journal(tmp_path / "out", SETTINGS).again == places("e.jpg")


@pytest.mark.parametrize("small", [1, 20, 100])
def test_a_disk_that_fills_is_an_output_error_whatever_is_in_the_buffer(tmp_path, small):
    """A limit on the size of files stands for the disk."""
    resource = pytest.importorskip("resource")
    journal = Journal(tmp_path / "out", SETTINGS)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (journal.path.stat().st_size + small, hard))
    try:
        with pytest.raises(OutputError, match="File too large"):
            journal.write(BATCHES[0])
        journal.close()
        with pytest.raises(OutputError, match="File too large"):
            Journal(tmp_path / "another", {"model": "x" * 4096})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert Journal(journal.path, SETTINGS).done == set()
