"""Cuts a long recording at its pauses into segments that fit the model."""

import numpy as np
from jaxtyping import Float64
from numpy.typing import NDArray

from captioner.preprocess.audio import Samples

FRAME_S = 0.010
"""The length of the frames whose levels are measured, seconds."""
SMOOTHING_FRAMES = 5
"""Levels are averaged over this many frames, about half a syllable, so that the short silence of a
stop consonant does not count as a pause.
"""
LONGEST_PAUSE_S = 0.7
"""A longer pause ends a segment; a breath between phrases takes about this long."""
MARGIN_S = 0.15
"""This much is kept before and after a segment, since words may begin and end with soft sounds."""
BELOW_PEAK_DB = 40.0
"""In a clean recording, frames that are weaker than the loudest one by more than this are silence.
"""
ABOVE_NOISE_DB = 8.0
"""In a noisy recording, speech is stronger than the noise by at least this much."""
NOISE_QUANTILE = 0.1
"""The level of the noise is this quantile of the levels of all frames."""
SPEECH_BELOW_PEAK_DB = 20.0
"""Frames weaker than the loudest one by no more than this are always speech. Otherwise a recording
without pauses would count as noise.
"""
SILENCE_DB = -80.0
"""A recording whose loudest frame is weaker than this is empty, decibels of full scale. 16 bits
reach -96.
"""


def find_segments(
    samples: Samples, sample_rate_hz: int, max_segment_s: float
) -> list[tuple[int, int]]:
    """Find the parts of a recording that are not silent, none of them longer than allowed.

    Pauses of less than 0.7 s stay within a segment. A segment that is too long is cut at its
    quietest moments.

    Args:
        samples: From -1 to 1.
        sample_rate_hz: Their rate.
        max_segment_s: The longest segment, seconds.

    Returns:
        The first sample of each segment and the one after its last, in order; nothing if all is
        silent.
    """
    hop = round(FRAME_S * sample_rate_hz)
    levels = _levels_db(samples, hop)
    if levels.max() < SILENCE_DB:
        return []
    loud = np.flatnonzero(levels >= _threshold_db(levels))
    breaks = np.flatnonzero(np.diff(loud) * FRAME_S > LONGEST_PAUSE_S)
    firsts, lasts = loud[np.r_[0, breaks + 1]], loud[np.r_[breaks, len(loud) - 1]]
    margin = round(MARGIN_S / FRAME_S)
    longest = max(1, int(max_segment_s / FRAME_S))
    segments = []
    for first, last in zip(firsts.tolist(), lasts.tolist(), strict=True):
        start, end = max(0, first - margin), min(len(levels), last + 1 + margin)
        segments += _cut(levels, start, end, longest)
    return [(start * hop, min(end * hop, len(samples))) for start, end in segments]


def _levels_db(samples: Samples, hop: int) -> Float64[np.ndarray, " frames"]:
    """Return the level of each frame, decibels of full scale."""
    num_frames = -(-len(samples) // hop)
    padded = np.zeros(num_frames * hop, np.float32)
    padded[: len(samples)] = samples
    power = np.square(padded.reshape(num_frames, hop), dtype=np.float64).mean(1)
    smooth = np.convolve(power, np.full(SMOOTHING_FRAMES, 1 / SMOOTHING_FRAMES), mode="full")
    edge = SMOOTHING_FRAMES // 2
    return 10 * np.log10(smooth[edge : edge + num_frames] + 1e-12)


def _threshold_db(levels: NDArray[np.float64]) -> float:
    """Choose the level from which on a frame is speech.

    It is 40 dB below the peak or 8 dB above the noise, whichever is higher, but always at least 20
    dB below the peak.
    """
    peak, noise = float(levels.max()), float(np.quantile(levels, NOISE_QUANTILE))
    return min(max(peak - BELOW_PEAK_DB, noise + ABOVE_NOISE_DB), peak - SPEECH_BELOW_PEAK_DB)


def _cut(levels: NDArray[np.float64], start: int, end: int, longest: int) -> list[tuple[int, int]]:
    """Cut a segment that is too long, and then the rest of it, until all parts fit.

    Each cut is made at the quietest frame in the second half of the allowed length.
    """
    segments = []
    while end - start > longest:
        half = start + longest // 2
        cut = half + int(levels[half : start + longest].argmin()) + 1
        segments.append((start, cut))
        start = cut
    return [*segments, (start, end)]
