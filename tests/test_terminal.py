"""What is printed is a line and text, whatever names hold and wherever streams lead; a closed
stream ends nothing.
"""

import ast
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from captioner.terminal import printable

PACKAGE = Path(__file__).parent.parent / "captioner"
PRINT = "from captioner.terminal import *; import sys; open_streams()\n"
FULL = Path("/dev/full")


@pytest.fixture
def gone() -> Iterator[int]:
    """A pipe that nobody reads any more."""
    reader, writer = os.pipe()
    os.close(reader)
    yield writer
    os.close(writer)


def python(code: str, shell: str = "", **options: object) -> "subprocess.CompletedProcess[bytes]":
    """Run a program with its streams as a shell redirects them."""
    command = f'exec "$0" -c "$1" {shell}'
    return subprocess.run(
        ["bash", "-c", command, sys.executable, PRINT + code], capture_output=True, **options
    )


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("plain name é 犬.jpg", "plain name é 犬.jpg"),
        ("two\nlines\r.jpg", r"two\nlines\r.jpg"),
        ("tab\t.jpg", r"tab\t.jpg"),
        ("\x1b[2J\x07.jpg", r"\x1b[2J\x07.jpg"),
        ("\x9b31m\x7f.jpg", r"\x9b31m\x7f.jpg"),
        ("line\u2028paragraph\u2029.jpg", r"line\u2028paragraph\u2029.jpg"),
        ("gpj.\u202eexe", r"gpj.\u202eexe"),
        ("back\\slash.jpg", "back\\slash.jpg"),
        ("caf\udce9.jpg", "caf\udce9.jpg"),
    ],
)
def test_what_would_break_a_line_or_command_a_terminal_is_escaped(name, shown):
    assert printable(name) == shown


@pytest.mark.parametrize(
    ("encoding", "printed"),
    [
        ("utf-8", "犬 é ".encode() + b"\xe9"),
        ("utf-8:strict", "犬 é ".encode() + b"\xe9"),
        ("ascii", rb"\u72ac \xe9 " + b"\xe9"),
        ("latin-1", rb"\u72ac " + b"\xe9 \xe9"),
        ("cp1252", rb"\u72ac " + b"\xe9 \xe9"),
        ("utf-16-le", "犬 é \\udce9".encode("utf-16-le")),
    ],
)
@pytest.mark.parametrize("stream", ["print_row", "print_note"])
def test_names_beyond_an_encoding_are_printed_with_escapes(encoding, printed, stream):
    done = python(rf"{stream}('犬 é \udce9')", env={**os.environ, "PYTHONIOENCODING": encoding})
    end = "\n".encode("utf-16-le") if encoding == "utf-16-le" else b"\n"
    assert (done.returncode, done.stdout + done.stderr) == (0, printed + end)


def test_bytes_that_are_no_text_reach_no_terminal():
    screen, terminal = pty.openpty()
    subprocess.run(
        [sys.executable, "-c", PRINT + r"print_row('caf\udc9b')"], stdout=terminal, check=True
    )
    assert os.read(screen, 100) == b"caf\\udc9b\r\n"
    os.close(terminal)
    os.close(screen)


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&-", "<&- >&- 2>&-"])
def test_a_closed_stream_is_no_place_for_the_next_file(tmp_path, closed):
    code = f"""
import os
with open({str(tmp_path / "file")!r}, "w") as file:
    os.write(1, b"from a library"); print_note("a note"); print("text")
    file.write("content"); flush_output()
assert sys.stdin is None or sys.stdin.read() == ""
"""
    done = python(code, closed, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "file").read_text() == "content"


@pytest.mark.parametrize("code", ["print_row('a')", "print_text('a')"])
@pytest.mark.parametrize(
    ("where", "error"),
    [
        (">&-", "OutputError: standard output is closed"),
        pytest.param(
            ">/dev/full",
            "OutputError: standard output: results cannot be written (No space left on device)",
            marks=pytest.mark.skipif(
                not FULL.exists(), reason="needs a device that is always full"
            ),
        ),
    ],
)
def test_results_that_cannot_be_printed_are_a_named_error(code, where, error):
    done = python(code, where)
    assert (
        done.returncode == 1
        and error in done.stderr.decode()
        and b"Exception ignored" not in done.stderr
    )


def test_what_is_said_beside_a_file_needs_nobody_to_hear_it():
    assert python("print_told('a', 'b')").stdout == b"a\tb\n"
    done = python("print_told('a')", ">&-")
    assert (done.returncode, done.stderr) == (0, b"")


TOLD = "print_told('a'); print_told('b'); print_note('went on'); flush_output()"


def test_what_is_said_beside_a_file_needs_nobody_to_hear_it_to_the_end(gone):
    done = subprocess.run([sys.executable, "-c", PRINT + TOLD], stdout=gone, stderr=subprocess.PIPE)
    assert (done.returncode, done.stderr) == (0, b"went on\n")


@pytest.mark.skipif(not FULL.exists(), reason="needs a device that is always full")
def test_what_could_not_be_said_is_a_named_error_once_the_work_is_done():
    done = python(TOLD, ">/dev/full")
    note, *_, error = done.stderr.decode().splitlines()
    assert (done.returncode, note) == (1, "went on")
    assert "OutputError: standard output: results cannot be written (No space left" in error


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["models"]])
def test_a_reader_that_has_ended_ends_a_command_without_a_word(gone, arguments):
    command = [sys.executable, "-m", "captioner", *arguments]
    done = subprocess.run(command, stdout=gone, stderr=subprocess.PIPE)
    assert (done.returncode, done.stderr) == (1, b"")


@pytest.mark.skipif(not FULL.exists(), reason="needs a device that is always full")
def test_notes_that_cannot_be_written_end_nothing():
    assert python("print_note('a'); print_row('b')", "2>/dev/full").stdout == b"b\n"
    assert python("print_note('a')", "2>/dev/full").returncode == 0


@pytest.mark.parametrize(
    ("unbuffered", "message"),
    [
        ("1", b"captioner: No space left on device\n"),
        (
            "",
            b"captioner: standard output: results cannot be written (No space left on device)\n",
        ),
    ],
)
def test_help_for_a_full_disk_is_a_message(unbuffered, message):
    """Unbuffered, the disk's end is met while the help is printed, else when the command ends."""
    if not FULL.exists():
        pytest.skip("needs a device that is always full")
    done = subprocess.run(
        ["bash", "-c", '"$0" -m captioner.cli --help >/dev/full', sys.executable],
        capture_output=True,
        check=False,
        env=os.environ | {"PYTHONUNBUFFERED": unbuffered},
    )
    assert (done.returncode, done.stderr) == (1, message)


def test_all_is_printed_by_these_functions():
    """A plain `print` ends the work where whoever reads it has ended, or a disk is full."""
    for file in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if (
                file.name != "terminal.py"
                and isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id == "print"
            ):
                assert "file" in {keyword.arg for keyword in node.keywords}, (
                    f"{file.name}:{node.lineno}"
                )
