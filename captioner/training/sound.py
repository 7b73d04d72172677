"""Augments recordings for training: concatenation, other speeds, noise and masks.

All random choices come from a generator that the caller seeds.
"""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float, Float32
from torch import Tensor

from captioner.preprocess.audio import Samples, resample
from captioner.preprocess.spectrogram import HOP_S, band_centres_hz

NO_GAP_FRACTION = 0.3
"""The fraction of gaps that are empty, as between words of fluent speech."""
SPEED_STEPS = 50
"""Speeds are multiples of 1 / SPEED_STEPS, because the resampler needs a filter for each of them.
"""
DULLEST, BRIGHTEST = -0.4, 0.8
"""The fraction of the previous sample that is subtracted from each sample. This changes the highest
frequency relative to the lowest by -7 to 19 decibels. It mostly raises it, since speech is weak at
high frequencies.
"""
NO_NOISE_FRACTION = 0.25
"""The fraction of recordings that get no noise."""
SNR_RANGE_DB = 30.0
"""From the loudest noise to the weakest."""
STEEPEST_NOISE = 1.0
"""The amplitude of noise falls with f ** -x, where x is at most this: from white noise (0) to the
brown noise of wind and engines.
"""
FFT_BLOCK = 4096
"""Transforms have a multiple of this many samples, since large prime factors make them slow."""
LONGEST_MASK_S = 0.1
"""The longest mask in time, seconds; a syllable lasts about twice as long."""
WIDEST_MASK = 0.2
"""The widest mask in frequency, as a fraction of all bands."""


def join(recordings: Sequence[Samples], max_gap: int, rng: np.random.Generator) -> Samples:
    """Join recordings with silence before, between and after them.

    Args:
        recordings: In their order.
        max_gap: The longest gap, samples.
        rng: Draws each gap.
    """
    size = len(recordings) + 1
    gaps = rng.integers(0, max_gap + 1, size=size) * (rng.random(size) >= NO_GAP_FRACTION)
    parts = [np.zeros(gaps[0], np.float32)]
    for recording, gap in zip(recordings, gaps[1:], strict=True):
        parts += [recording, np.zeros(gap, np.float32)]
    return np.concatenate(parts)


def change_speed(
    samples: Samples, most: float, rng: np.random.Generator
) -> Float32[np.ndarray, " resampled"]:
    """Change the speed of samples to 1 - `most` to 1 + `most`, which also changes the pitch.

    Source:
        Ko et al. 2015, "Audio Augmentation for Speech Recognition", section 2.1.
    """
    return resample(samples, round(SPEED_STEPS * (1 + most * rng.uniform(-1, 1))), SPEED_STEPS)


def change_tone(samples: Samples, rng: np.random.Generator) -> Samples:
    """Make a recording brighter or duller, as microphones do, by a filter of one coefficient."""
    before = np.concatenate([np.zeros(1, np.float32), samples[:-1]])
    return samples - np.float32(rng.uniform(DULLEST, BRIGHTEST)) * before


def add_noise(samples: Samples, min_snr_db: float, rng: np.random.Generator) -> Samples:
    """Add noise between white and brown to most recordings, at least `min_snr_db` below speech."""
    if rng.random() < NO_NOISE_FRACTION:
        return samples
    snr_db = min_snr_db + SNR_RANGE_DB * rng.random()
    length = -(-len(samples) // FFT_BLOCK) * FFT_BLOCK
    spectrum = np.fft.rfft(rng.standard_normal(length, np.float32))
    slope = np.arange(1, len(spectrum) + 1, dtype=np.float32) ** -np.float32(
        STEEPEST_NOISE * rng.random()
    )
    noise = np.fft.irfft(spectrum * slope, length)[: len(samples)]
    loud = np.abs(samples) > 0  # silence between joined recordings does not count as weak speech
    power = np.square(samples[loud]).mean() if loud.any() else 0.0
    noise *= np.sqrt(power / max(np.square(noise).mean(), 1e-20) / 10 ** (snr_db / 10))
    return (samples + noise).astype(np.float32)


def warp_bands(
    frames: Float[Tensor, "frames mels"], sample_rate_hz: int, most: float, rng: np.random.Generator
) -> Float[Tensor, "frames mels"]:
    """Stretch the frequencies by 1 - `most` to 1 + `most`, as longer or shorter throats do.

    Source:
        Jaitly and Hinton 2013, "Vocal Tract Length Perturbation (VTLP) improves speech
        recognition", without the bend near the highest frequency; beyond it, the last band counts.
    """
    centres_hz = band_centres_hz(sample_rate_hz, frames.shape[1])
    places = np.interp(
        centres_hz * (1 + most * rng.uniform(-1, 1)), centres_hz, np.arange(len(centres_hz))
    )
    below = torch.from_numpy(places.astype(np.int64))
    above = (below + 1).clamp(max=frames.shape[1] - 1)
    weight = torch.from_numpy(places).float() - below
    return frames[:, below] * (1 - weight) + frames[:, above] * weight


def mask_bands(
    frames: Float[Tensor, "frames mels"], num_masks: int, rng: np.random.Generator
) -> Float[Tensor, "frames mels"]:
    """Set some stretches of time, and as many bands of frequencies, to zero, which is silence.

    Source:
        Park et al. 2019, arXiv:1904.08779, section 2.
    """
    masked = frames.clone()
    num_frames, num_mels = frames.shape
    for _ in range(num_masks):
        start, end = _stretch(num_frames, round(LONGEST_MASK_S / HOP_S), rng)
        masked[start:end] = 0
        start, end = _stretch(num_mels, round(WIDEST_MASK * num_mels), rng)
        masked[:, start:end] = 0
    return masked


def _stretch(size: int, widest: int, rng: np.random.Generator) -> tuple[int, int]:
    width = int(rng.integers(0, min(widest, size) + 1))
    start = int(rng.integers(0, size - width + 1))
    return start, start + width
