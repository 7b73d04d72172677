"""Recordings and clips with random faults are read or refused: never another error than ours,
never for long.
"""

import contextlib
import io
import time

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from captioner.errors import CaptionerError
from captioner.preprocess.audio import read_audio
from captioner.preprocess.video import read_clip

pytest.importorskip("av")
soundfile = pytest.importorskip("soundfile")

LONGEST_S = 10
EDGES = [0, 1, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF]
# Where, as a share of the file or of its head, and what is done there.
FAULT = st.tuples(
    st.floats(0, 1, exclude_max=True),
    st.sampled_from([16, 64, 512, 1 << 30]),
    st.one_of(
        st.tuples(st.just("write"), st.binary(min_size=1, max_size=8)),
        st.tuples(
            st.just("write"), st.sampled_from([edge.to_bytes(4, "little") for edge in EDGES])
        ),
        st.tuples(st.just("write"), st.sampled_from([edge.to_bytes(4, "big") for edge in EDGES])),
        st.tuples(st.just("insert"), st.binary(min_size=1, max_size=40)),
        st.tuples(st.just("remove"), st.integers(1, 40)),
        st.tuples(st.just("end"), st.none()),
    ),
)


def with_faults(content: bytes, faults: list[tuple[float, int, tuple[str, object]]]) -> bytes:
    changed = bytearray(content)
    for share, head, (what, value) in faults:
        at = int(share * min(len(changed), head))
        if what == "write":
            changed[at : at + len(value)] = value
        elif what == "insert":
            changed[at:at] = value
        elif what == "remove":
            del changed[at : at + value]
        else:
            del changed[at:]
    return bytes(changed)


@pytest.fixture(scope="module")
def whole(write_clip, tmp_path_factory) -> dict[str, bytes]:
    """A small file of each usual kind."""
    folder, found = tmp_path_factory.mktemp("whole"), {}
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 900).astype(np.float32)
    for kind in ("WAV", "FLAC", "OGG", "MP3", "AIFF", "CAF"):
        with io.BytesIO() as stream:
            soundfile.write(stream, noise, 8_000, format=kind)
            found[kind] = stream.getvalue()
    for suffix in ("mp4", "mov", "mkv", "avi"):
        found[suffix] = write_clip(folder / f"a.{suffix}", [(200, 0, 0)] * 3).read_bytes()
    return found


@pytest.mark.parametrize(
    "kind", ["WAV", "FLAC", "OGG", "MP3", "AIFF", "CAF", "mp4", "mov", "mkv", "avi"]
)
@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    database=None,
)
@given(faults=st.lists(FAULT, min_size=1, max_size=5))
def test_a_file_with_faults_is_read_or_refused(whole, kind, faults):
    content = with_faults(whole[kind], faults)
    for read in (lambda: read_audio(content, 8_000), lambda: read_clip(content, [0.1, 0.9])):
        start = time.process_time()
        with contextlib.suppress(CaptionerError):
            read()
        assert time.process_time() - start < LONGEST_S


@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("offset", range(0, 2_000, 97))
def test_a_head_that_points_outside_is_no_error_of_pythons(whole, offset, capfd):
    """Callbacks of libsndfile cannot raise: Python would print a traceback."""
    for kind in ("MP3", "OGG", "CAF"):
        content = bytearray(whole[kind] * 3)
        content[offset : offset + 8] = b"\xff" * 8
        with contextlib.suppress(CaptionerError):
            read_audio(bytes(content), 8_000)
    assert "Traceback" not in capfd.readouterr().err
