"""Segments hold all that is said, none is longer than allowed, and cuts lie where nobody speaks."""

from itertools import pairwise

import numpy as np
import pytest

from captioner.preprocess.pauses import find_segments

RATE = 8_000


def speech(seconds: float, level: float = 0.3) -> np.ndarray:
    return (level * np.sin(np.arange(round(seconds * RATE)) / 3)).astype(np.float32)


def silence(seconds: float, noise: float = 0.0) -> np.ndarray:
    return (noise * np.random.default_rng(0).standard_normal(round(seconds * RATE))).astype(
        np.float32
    )


def times(samples: np.ndarray, longest: float = 20.0) -> list[tuple[float, float]]:
    return [(start / RATE, end / RATE) for start, end in find_segments(samples, RATE, longest)]


@pytest.mark.parametrize("noise", [0.0, 0.003])
def test_long_pauses_part_and_short_ones_do_not(noise):
    parts = [
        silence(1.5, noise),
        speech(0.5),
        silence(0.4, noise),
        speech(0.5),
        silence(1.2, noise),
        speech(0.3),
    ]
    found = times(np.concatenate([*parts, silence(0.9, noise)]))
    assert len(found) == 2
    assert found[0] == (pytest.approx(1.35, abs=0.05), pytest.approx(3.05, abs=0.05))
    assert found[1] == (pytest.approx(3.95, abs=0.05), pytest.approx(4.55, abs=0.05))


def test_speech_without_pauses_is_kept_whole():
    assert times(speech(1.0)) == [(0, 1)]
    assert times(speech(0.003)) == [(0, 0.003)]


@pytest.mark.parametrize("samples", [silence(2.0), silence(2.0, 3e-6), np.zeros(1, np.float32)])
def test_silence_has_no_segments(samples):
    assert times(samples) == []


def test_quiet_words_among_loud_ones_are_kept():
    found = times(np.concatenate([speech(0.5), silence(1.0), speech(0.5, 0.3 * 10 ** (-25 / 20))]))
    assert len(found) == 2 and found[1][1] == 2.0


@pytest.mark.parametrize("longest", [1.5, 2.0, 5.0])
def test_no_segment_is_too_long_and_nothing_is_lost(longest):
    """Words with pauses of 0.3 s, which part nothing by themselves."""
    word = np.concatenate([speech(0.5), silence(0.3)])
    samples = np.tile(word, 12)
    found = times(samples, longest)
    assert len(found) > 1
    assert max(end - start for start, end in found) <= longest
    assert found[0][0] == 0 and found[-1][1] == pytest.approx(12 * 0.8 - 0.15, abs=0.05)
    for (_, end), (start, _) in pairwise(found):
        assert end == start
        assert not np.abs(samples[round(start * RATE) - 40 : round(start * RATE) + 40]).max() > 0.01


def test_what_never_pauses_is_cut_nevertheless():
    found = times(speech(5.0), 2.0)
    assert max(end - start for start, end in found) <= 2.0
    assert found[0][0] == 0 and found[-1][1] == 5.0
