"""Devices, pipes and links named as outputs stay what they are, and get what is written."""

import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from captioner.errors import OutputError, UsageError
from captioner.outputs import special_files
from captioner.outputs.disk import check_place, whole_file, written_in_place, written_whole

TEXT = "ein Hund \ud83d \udcff\n"
BYTES = "ein Hund \ufffd ".encode() + b"\xff\n"


def write_text(path: Path) -> None:
    with written_whole(path) as stream:
        stream.write(TEXT)


def write_part(path: Path) -> None:
    with whole_file(path) as part:
        part.write_bytes(BYTES)


def write_in_place(path: Path) -> None:
    with written_in_place(path) as stream:
        stream.write(TEXT)


WAYS = pytest.mark.parametrize("write", [write_text, write_part, write_in_place])


@WAYS
@pytest.mark.parametrize("there", [True, False], ids=["link", "dangling link"])
def test_a_link_stays_and_its_target_is_written(tmp_path, write, there):
    (tmp_path / "elsewhere").mkdir()
    target, link, chain = tmp_path / "elsewhere/file", tmp_path / "link", tmp_path / "chain"
    if there:
        target.write_text("old")
    link.symlink_to("elsewhere/file")
    chain.symlink_to(link)
    write(chain)
    assert chain.is_symlink() and link.is_symlink()
    assert target.read_bytes() == BYTES
    assert [path.name for path in target.parent.iterdir()] == ["file"]


@WAYS
def test_a_pipe_gets_all_and_stays(tmp_path, write):
    os.mkfifo(pipe := tmp_path / "pipe")
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    write(pipe)
    reader.join(10)
    assert read == [BYTES]
    assert pipe.is_fifo() and [*tmp_path.iterdir()] == [pipe]


@WAYS
def test_a_pipe_without_a_reader_is_refused_before_the_work(tmp_path, monkeypatch, write):
    monkeypatch.setattr(special_files, "READER_COMES_IN_S", 0.1)
    os.mkfifo(pipe := tmp_path / "pipe")
    with pytest.raises(UsageError, match="nobody reads"):
        write(pipe)
    assert pipe.is_fifo()


@WAYS
@pytest.mark.parametrize("name", ["null", "link"])
def test_a_device_stays_a_device(tmp_path, write, name):
    null, link = tmp_path / "null", tmp_path / "link"
    try:
        os.mknod(null, 0o666 | 0o020000, os.makedev(1, 3))
        null.open("wb").close()
    except OSError:
        pytest.skip("no right to make a device")
    link.symlink_to(null)
    check_place(tmp_path / name)
    write(tmp_path / name)
    assert null.is_char_device() and link.is_symlink()


@WAYS
def test_a_full_device_is_a_named_error(write):
    with pytest.raises(OutputError, match="/dev/full: results cannot be written"):
        write(Path("/dev/full"))


@pytest.mark.parametrize("name", ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
@pytest.mark.parametrize("write", ["write_text", "write_part", "write_in_place"])
def test_standard_output_gets_it_in_the_order_of_writing(tmp_path, name, write):
    """It is a file here, which opening it anew would begin again."""
    code = f"from test_special_files import *; print('before'); {write}({name!r}); print('after')"
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])
    }
    with (tmp_path / "out").open("wb") as out:
        subprocess.run(
            [sys.executable, "-c", code], stdout=out, check=True, env=environment, cwd=tmp_path
        )
    assert (tmp_path / "out").read_bytes() == b"before\n" + BYTES + b"after\n"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_what_cannot_be_written_to_is_refused(tmp_path, monkeypatch):
    loop, gone = tmp_path / "loop", tmp_path / "gone"
    loop.symlink_to("loop")
    gone.symlink_to("none/file")
    with socket.socket(socket.AF_UNIX) as bound:
        monkeypatch.chdir(tmp_path)  # the names of sockets are short
        bound.bind("socket")
        for path, message in (
            (loop, "leads to itself"),
            (gone, "there is no folder"),
            (tmp_path / "socket", "is a socket"),
            (Path("/dev/fd/987"), "cannot be written"),
        ):
            with pytest.raises(UsageError, match=message):
                check_place(path)
    assert loop.is_symlink()


def test_a_file_that_cannot_be_replaced_gets_the_content(tmp_path, monkeypatch):
    """As where a container has mounted it alone."""
    file = tmp_path / "file"
    file.write_text("old")

    def busy(self: Path, target: Path) -> None:
        raise OSError(16, "Device or resource busy")

    monkeypatch.setattr(Path, "replace", busy)
    write_text(file)
    assert file.read_bytes() == BYTES
    assert [*tmp_path.iterdir()] == [file]
