"""Whatever ends a run, the same run gone on with has each photo once, in every output."""

import csv
import errno
import json
import os
import signal
import time
from pathlib import Path

import pytest

from captioner.batch import Destinations, Run, caption_batches
from captioner.config import SearchConfig
from captioner.errors import FileMissingError, OutputError, UsageError
from captioner.outputs import SidecarWriter

NAMES = [f"x{number:02d}.jpg" for number in range(20)]
SETTINGS = {"model": "names"}


@pytest.fixture
def files(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in (*NAMES[:9], "bad.jpg", *NAMES[9:]):
        (folder / name).touch()
    return sorted(folder.iterdir())


@pytest.fixture
def outputs(tmp_path):
    return [tmp_path / name for name in ("out.jsonl", "out.csv", "out.json", "out.html")]


def run(captioner, files, to, *, resume=False, **options):
    return Run(files, to, resume).execute(
        lambda todo, stop: caption_batches(captioner, todo, SearchConfig(), 3, stop),
        SETTINGS,
        **options,
    )


class Dying:
    """A captioner that dies at its n-th batch, in the way that `die` says."""

    num_streams = 1

    def __init__(self, captioner, n, die):
        self.captioner, self.left, self.die = captioner, n, die
        self.name, self.preprocess = captioner.name, captioner.preprocess

    def caption_images(self, images, search):
        self.left -= 1
        if self.left == 0:
            self.die()
        return self.captioner.caption_images(images, search)


def interrupt():
    os.kill(os.getpid(), signal.SIGINT)  # as the terminal does it: the main thread wakes up


def break_down():
    raise ZeroDivisionError("as if the process had died")


def rows(path):
    return [json.loads(line) for line in path.read_text(encoding="ascii").splitlines()]


def check_whole(outputs, files):
    records = rows(outputs[0])
    assert sorted(row["file"] for row in records) == sorted(map(str, files))
    for row in records:
        name = Path(row["file"]).name
        assert row["caption"] == (None if "bad" in name else f"a {name}")
    with outputs[1].open(encoding="utf-8", newline="") as stream:
        assert [row["file"] for row in csv.DictReader(stream)] == [row["file"] for row in records]
    assert sorted(one["image_id"] for one in json.loads(outputs[2].read_text())) == NAMES
    assert outputs[3].read_text(encoding="utf-8").count("<article") == 21
    assert {path.name for path in outputs[0].parent.iterdir()} == {
        path.name for path in outputs
    } | {"photos"}


def test_outputs_are_there_at_the_end_and_not_before(make_captioner, files, outputs):
    seen = []
    summary = run(
        make_captioner(),
        files,
        Destinations(outputs),
        show=lambda _: seen.append(outputs[0].exists()),
    )
    assert seen == [False] * 21
    check_whole(outputs, files)
    assert (summary.total, summary.captioned, summary.failed, summary.stopped) == (
        21,
        20,
        {"CorruptFileError": 1},
        False,
    )


@pytest.mark.parametrize("batch", range(1, 7))
@pytest.mark.parametrize("die", [interrupt, break_down])
def test_a_run_that_ended_early_is_gone_on_with(make_captioner, files, outputs, die, batch):
    captioner = make_captioner()
    try:
        run(Dying(captioner, batch, die), files, Destinations(outputs))
    except ZeroDivisionError:
        assert die is break_down
    assert not any(path.exists() for path in outputs)
    summary = run(captioner, files, Destinations(outputs[::-1]), resume=True)
    check_whole(outputs, files)
    assert summary.failed == {"CorruptFileError": 1}
    assert (
        sum(captioner.batches) <= 20 + 3 + 3
    )  # at most the batch in hand, and the one before, are done again


def test_one_interrupt_finishes_the_batch_in_hand_and_tells(make_captioner, files, outputs, capsys):
    before = signal.getsignal(signal.SIGINT)
    summary = run(Dying(make_captioner(), 2, interrupt), files, Destinations(outputs))
    assert summary.stopped and 6 <= summary.num_done < 21
    assert "Ctrl-C again" in capsys.readouterr().err
    assert signal.getsignal(signal.SIGINT) is before
    journal = outputs[0].with_name("out.jsonl.unfinished").read_text().splitlines()
    assert sum(len(json.loads(line)) for line in journal[1:]) == summary.num_done


def test_two_interrupts_end_at_once(make_captioner, files, outputs):
    def twice():
        interrupt()
        time.sleep(0.1)  # or the two would be one to the main thread
        interrupt()
        time.sleep(0.1)

    with pytest.raises(KeyboardInterrupt):
        run(Dying(make_captioner(), 2, twice), files, Destinations(outputs))
    run(make_captioner(), files, Destinations(outputs), resume=True)
    check_whole(outputs, files)


def test_an_unfinished_run_is_not_begun_anew_unless_told(make_captioner, files, outputs):
    run(Dying(make_captioner(), 2, interrupt), files, Destinations(outputs))
    journal = outputs[0].with_name("out.jsonl.unfinished")
    before = journal.read_bytes()
    with pytest.raises(UsageError, match=r"out\.jsonl\.unfinished.*--resume.*delete"):
        run(make_captioner(), files, Destinations(outputs))
    assert journal.read_bytes() == before


def test_resume_without_an_unfinished_run_begins_and_a_finished_one_is_known(
    make_captioner, files, outputs
):
    to = Destinations(outputs)
    assert not Run(files, to).is_finished()
    run(make_captioner(), files, to, resume=True)
    check_whole(outputs, files)
    assert Run(files, to).is_finished()
    outputs[0].with_name("out.jsonl.unfinished").touch()
    assert not Run(files, to).is_finished()


EVERY_OUTPUT = [
    "out.jsonl",
    "out.parquet",
    "out.csv",
    "out.json",
    "out.html",
    "photos/metadata.jsonl",
]


@pytest.mark.parametrize(
    "names",
    [
        ["out.jsonl"],
        ["out.parquet"],
        ["out.csv"],
        ["out.json", "out.csv"],
        ["out.html", "out.jsonl"],
        ["photos/metadata.jsonl", "out.parquet"],
        EVERY_OUTPUT,
    ],
)
@pytest.mark.parametrize("batch", [None, 1, 2])
def test_what_came_since_a_run_had_finished_is_added(make_captioner, files, tmp_path, names, batch):
    pytest.importorskip("pyarrow")
    to = Destinations([tmp_path / name for name in names])
    captioner = make_captioner()
    run(captioner, files[:11], to)
    before = {path: path.read_bytes() for path in to.outputs}
    assert Run(files, to).left_to_do() == (10, 1)
    if batch:
        with pytest.raises(ZeroDivisionError):
            run(Dying(captioner, batch, break_down), files, to, resume=True)
        assert {path: path.read_bytes() for path in to.outputs} == before
        assert not Run(files, to).is_finished()
    summary = run(captioner, files, to, resume=True)
    assert summary.captioned + summary.earlier == 20 and summary.failed == {"CorruptFileError": 1}
    assert Run(files, to).left_to_do() == (0, 1)
    added = {path: path.read_bytes() for path in to.outputs if path.suffix != ".parquet"}
    for path in to.outputs:
        path.unlink()
    run(captioner, files, to)
    assert {path: path.read_bytes() for path in added} == added


def test_another_spelling_of_a_file_is_no_new_file(make_captioner, files, tmp_path, monkeypatch):
    to = Destinations([tmp_path / "out.jsonl"])
    run(make_captioner(), files, to)
    monkeypatch.chdir(tmp_path)
    assert Run([file.relative_to(tmp_path) for file in files], to).left_to_do() == (0, 1)


def test_what_a_person_changed_in_an_output_stays(make_captioner, files, tmp_path):
    to = Destinations([tmp_path / "out.jsonl"])
    run(make_captioner(), files[:3], to)
    kept = [{**row, "caption": "by hand", "stars": 5} for row in rows(to.outputs[0])]
    to.outputs[0].write_text("".join(f"{json.dumps(row)}\n" for row in kept) + "\n")
    run(make_captioner(), files[:4], to, resume=True)
    assert [row["caption"] for row in rows(to.outputs[0])] == [
        "by hand",
        "by hand",
        "by hand",
        "a x02.jpg",
    ]


def away(captioner, monkeypatch, *names):
    """Files that a share or a lock keeps from being read."""
    read = captioner.preprocess.read

    def unreadable(file):
        if Path(file).name in names:
            raise FileMissingError(file, "may not be read (permission denied)")
        return read(file)

    monkeypatch.setattr(captioner.preprocess, "read", unreadable)


@pytest.mark.parametrize(
    "names", [["out.jsonl"], ["out.csv"], ["out.csv", "out.json"], EVERY_OUTPUT]
)
@pytest.mark.parametrize("existing", [None, "skip", "append"])
def test_what_failed_in_a_finished_run_is_tried_again_and_stands_where_it_stood(
    make_captioner, files, tmp_path, names, existing, monkeypatch
):
    pytest.importorskip("pyarrow")
    to = Destinations(
        [tmp_path / name for name in names], SidecarWriter(files, existing) if existing else None
    )
    whole = Destinations(
        [tmp_path / "whole" / name for name in names if name != "photos/metadata.jsonl"]
    )
    (tmp_path / "whole").mkdir()
    run(make_captioner(), files, whole)
    with monkeypatch.context() as patch:
        captioner = make_captioner()
        away(captioner, patch, "x03.jpg", "x19.jpg")
        assert run(captioner, files, to).failed == {"CorruptFileError": 1, "FileMissingError": 2}
    assert Run(files, to).left_to_do() == (0, 3)
    captioner = make_captioner()
    summary = run(captioner, files, to, resume=True)
    assert sorted(map(Path, captioner.preprocess.reading)) == [
        files[0],
        *(f for f in files if f.stem in ("x03", "x19")),
    ]
    assert (summary.earlier, summary.captioned, summary.failed) == (18, 2, {"CorruptFileError": 1})
    assert Run(files, to).left_to_do() == (0, 1)
    for path in whole.outputs:
        if path.suffix != ".parquet":
            assert (tmp_path / path.name).read_bytes() == path.read_bytes()


@pytest.mark.parametrize("batch", [1, 2, 3])
def test_what_failed_in_an_unfinished_run_is_tried_again(
    make_captioner, files, outputs, batch, monkeypatch
):
    captioner = make_captioner()
    away(captioner, monkeypatch, *(file.name for file in files[1:12:2]))
    with pytest.raises(ZeroDivisionError):
        run(Dying(captioner, 6, break_down), files, Destinations(outputs))
    monkeypatch.undo()
    with pytest.raises(ZeroDivisionError):
        run(Dying(make_captioner(), batch, break_down), files, Destinations(outputs), resume=True)
    summary = run(make_captioner(), files, Destinations(outputs), resume=True)
    assert summary.failed == {"CorruptFileError": 1}
    check_whole(outputs, files)
    assert [row["file"] for row in rows(outputs[0])] == list(map(str, files))


@pytest.mark.parametrize("name", ["out.jsonl", "out.csv"])
def test_a_text_that_a_person_wrote_for_a_failed_file_stays(make_captioner, files, tmp_path, name):
    to = Destinations([tmp_path / name])
    run(make_captioner(), files, to)
    content = to.outputs[0].read_text()
    if name == "out.jsonl":
        content = content.replace('"caption": null', '"caption": "by hand"')
    else:
        content = content.replace(f"{files[0]},,", f"{files[0]},by hand,")
    to.outputs[0].write_text(content)
    assert Run(files, to).left_to_do() == (0, 0)
    captioner = make_captioner()
    run(captioner, files, to, resume=True)
    assert captioner.preprocess.reading == [] and "by hand" in to.outputs[0].read_text()


def test_a_failed_file_under_another_spelling_stands_once(
    make_captioner, files, tmp_path, monkeypatch
):
    to = Destinations([tmp_path / "out.jsonl"])
    run(make_captioner(), files[:3], to)
    monkeypatch.chdir(tmp_path)
    run(make_captioner(), [file.relative_to(tmp_path) for file in files[:4]], to, resume=True)
    assert [Path(row["file"]).name for row in rows(to.outputs[0])] == [
        file.name for file in files[:4]
    ]


@pytest.mark.parametrize(
    "names", [["out.html"], ["out.json"], ["photos/metadata.jsonl"], ["out.csv", "out.html"]]
)
def test_where_outputs_hold_too_little_nothing_is_known_of_new_files(
    make_captioner, files, tmp_path, names
):
    to = Destinations([tmp_path / name for name in names])
    run(make_captioner(), files, to)
    assert Run(files, to).left_to_do() is None


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"nonsense\n", r"record 1: Expecting value"),
        (b'{"file": "a.jpg"}\n', r"record 1: "),
        (b"[1]\n", r"record 1: "),
        (b"\xff\xfe", r"record 1: "),
        (b"[" * 100_000, r"record 1: "),
        (None, "was written by names: give the same model"),
    ],
)
def test_to_what_no_such_run_wrote_nothing_is_added_and_it_stays(
    make_captioner, files, tmp_path, content, message
):
    to = Destinations([tmp_path / "out.jsonl"])
    run(make_captioner(), files[:3], to)
    if content is not None:
        to.outputs[0].write_bytes(content)
    before = to.outputs[0].read_bytes()
    with pytest.raises(UsageError, match=message):
        Run(files, to, resume=True).execute(lambda todo, stop: iter(()), {"model": "other"})
    assert (
        to.outputs[0].read_bytes() == before
        and not to.outputs[0].with_name("out.jsonl.unfinished").exists()
    )


@pytest.mark.parametrize(
    "content", ['file,caption\n"a"b,c\n', "file\n", "file,caption,log_prob,model,error\na,b,x,,\n"]
)
def test_to_no_table_of_a_run_anything_is_added(make_captioner, files, tmp_path, content):
    to = Destinations([tmp_path / "out.csv"])
    to.outputs[0].write_text(content + "a,b\n")
    with pytest.raises(UsageError, match="nothing can be added"):
        run(make_captioner(), files, to, resume=True)
    assert to.outputs[0].read_text() == content + "a,b\n"


def test_a_pipe_is_no_finished_output(files, tmp_path):
    os.mkfifo(tmp_path / "out.jsonl")
    assert not Run(files, Destinations([tmp_path / "out.jsonl"])).is_finished()


def test_what_is_only_printed_cannot_be_gone_on_with(make_captioner, files):
    with pytest.raises(UsageError, match="--output or --sidecar"):
        run(make_captioner(), files, Destinations(), resume=True)


@pytest.mark.parametrize("existing", ["skip", "overwrite", "append", "prepend"])
@pytest.mark.parametrize("batch", [1, 2, 5, 7])
def test_sidecars_are_written_once_also_by_a_run_that_was_gone_on_with(
    make_captioner, files, tmp_path, existing, batch
):
    old = files[::2]
    for file in old:
        file.with_suffix(".txt").write_text("old\n", encoding="utf-8")
    texts = {"skip": "old", "overwrite": "a {}", "append": "old, a {}", "prepend": "a {}, old"}
    out = [tmp_path / "out.jsonl"]
    with pytest.raises(ZeroDivisionError):
        # After the journal's line, and before or among the sidecars of its batch.
        run(make_captioner(), files, Destinations(out, Torn(files, existing, batch)))
    run(make_captioner(), files, Destinations(out, SidecarWriter(files, existing)), resume=True)
    for file in files:
        expected = texts[existing].format(file.name) if file in old else f"a {file.name}"
        sidecar = file.with_suffix(".txt")
        if "bad" not in file.name:
            assert sidecar.read_text(encoding="utf-8") == f"{expected}\n"
    left_out = old if existing == "skip" else []
    assert [row["file"] for row in rows(out[0])] == [
        str(file) for file in files if file not in left_out
    ]


class Torn(SidecarWriter):
    """Breaks down at the n-th sidecar of a run."""

    def __init__(self, files, existing, n):
        super().__init__(files, existing)
        self.left = n

    def write(self, record):
        self.left -= 1
        if self.left == 0:
            break_down()
        super().write(record)


def test_sidecars_alone_are_gone_on_with_too(make_captioner, files):
    with pytest.raises(ZeroDivisionError):
        run(make_captioner(), files, Destinations(sidecars=Torn(files, "append", 8)))
    assert (files[0].parent / ".captions.unfinished").exists()
    summary = run(
        make_captioner(), files, Destinations(sidecars=SidecarWriter(files, "append")), resume=True
    )
    assert summary.earlier == 5 and summary.failed == {"CorruptFileError": 1}
    assert len(list(files[0].parent.glob("*.txt"))) == 20
    assert not (files[0].parent / ".captions.unfinished").exists()


def test_skipped_photos_are_counted_and_not_read(make_captioner, files):
    files[3].with_suffix(".txt").touch()
    captioner = make_captioner()
    summary = run(captioner, files, Destinations(sidecars=SidecarWriter(files, "skip")))
    assert (summary.skipped, summary.captioned, len(captioner.preprocess.reading)) == (1, 19, 20)


def long_names(photos):
    """Two photos of one stem, so that each sidecar's name is longer than a disk takes."""
    names = [f"{'x' * 251}{suffix}" for suffix in (".jpg", ".png")]
    for name in names:
        (photos / name).touch()
    return names


def folder_for_a_sidecar(photos):
    (photos / "x03.txt").mkdir()
    return ["x03.jpg"]


def folder_that_vanished(photos):
    return ["gone/a.jpg", "gone/b.jpg"]


def folder_that_is_closed(photos):
    (photos / "closed").mkdir()
    (photos / "closed" / "a.jpg").touch()
    return ["closed/a.jpg"]


def broken_utf16(photos):
    (photos / "x03.txt").write_bytes(b"\xff\xfeodd")
    return ["x03.jpg"]


@pytest.mark.parametrize(
    "trouble",
    [long_names, folder_for_a_sidecar, folder_that_vanished, folder_that_is_closed, broken_utf16],
)
@pytest.mark.parametrize("batch", [None, 2, 6])
def test_what_one_files_own_writing_meets_fails_that_row_alone(
    make_captioner, files, outputs, trouble, batch, monkeypatch
):
    photos = files[0].parent
    failing = trouble(photos)
    files = sorted({*files, *(photos / name for name in failing)})
    opened = Path.open

    def guarded(path, *arguments, **options):
        if path.parent.name == "closed":
            raise PermissionError(13, "Permission denied")
        return opened(path, *arguments, **options)

    monkeypatch.setattr(Path, "open", guarded)
    captioner = make_captioner()
    if batch:
        with pytest.raises(ZeroDivisionError):
            run(
                Dying(captioner, batch, break_down),
                files,
                Destinations(outputs, SidecarWriter(files, "append")),
            )
    summary = run(
        captioner, files, Destinations(outputs, SidecarWriter(files, "append")), resume=True
    )
    assert summary.failed == {"CorruptFileError": 1, "OutputError": len(failing)}
    records = rows(outputs[0])
    assert sorted(row["file"] for row in records) == list(map(str, files))
    for row in records:
        name = Path(row["file"]).relative_to(photos).as_posix()
        expected = (
            "OutputError" if name in failing else "CorruptFileError" if "bad" in name else None
        )
        assert (row["error"] or {}).get("type") == expected
        if expected is None:
            assert Path(row["file"]).with_suffix(".txt").read_text() == f"a {name}\n"


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EDQUOT, errno.EMFILE])
def test_what_befalls_all_files_ends_the_run_which_is_gone_on_with(
    make_captioner, files, outputs, error, monkeypatch
):
    sync = os.fsync
    left = [8]

    def full(number):
        left[0] -= 1
        if left[0] == 0:
            raise OSError(error, os.strerror(error))
        sync(number)

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        with pytest.raises(OutputError, match="--resume goes on"):
            run(make_captioner(), files, Destinations(outputs, SidecarWriter(files, "append")))
    run(make_captioner(), files, Destinations(outputs, SidecarWriter(files, "append")), resume=True)
    check_whole(outputs, files)
    assert {path.read_text() for path in files[0].parent.glob("*.txt")} == {
        f"a {name}\n" for name in NAMES
    }


def test_sidecars_of_several_folders_need_no_place_above_them(
    make_captioner, files, tmp_path, monkeypatch
):
    second = tmp_path / "second"
    second.mkdir()
    both = [*files, second / "a.jpg"]
    monkeypatch.setattr("os.access", lambda path, _: Path(path) != tmp_path)
    run(Dying(make_captioner(), 2, interrupt), both, Destinations(sidecars=SidecarWriter(both)))
    assert (files[0].parent / ".captions.unfinished").exists()
    run(make_captioner(), both, Destinations(sidecars=SidecarWriter(both)), resume=True)
    assert not (files[0].parent / ".captions.unfinished").exists()
    assert (second / "a.txt").read_text() == "a a.jpg\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_disk_that_is_full_at_the_end_loses_nothing(make_captioner, files, outputs):
    for path in outputs:
        path.write_text("older")
    Path(f"{outputs[2]}.part").symlink_to("/dev/full")
    with pytest.raises(OutputError, match=r"out\.json: .*No space left.*--resume goes on"):
        run(make_captioner(), files, Destinations(outputs))
    assert [path.read_text() for path in outputs[:3]] == ["older"] * 3
    captioner = make_captioner()
    run(captioner, files, Destinations(outputs), resume=True)
    check_whole(outputs, files)
    assert sum(captioner.batches) <= 3
