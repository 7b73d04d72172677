"""Computes log-mel spectrograms of recordings, and pads them to a batch for the speech encoder."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from jaxtyping import Bool, Float, Float64
from torch import Tensor

WINDOW_S = 0.025
"""The length of a frame, seconds. Speech hardly changes within it, and it holds two periods of a
low voice (80 Hz). It has 400 samples at 16 kHz and 200 at 8 kHz.
"""
HOP_S = 0.010
"""The time from frame to frame, seconds. It is 160 samples at 16 kHz and gives 100 frames a second.
Neighbouring frames share more than half of their samples.
"""
LOWEST_HZ = 60.0
"""The lowest frequency that is used; there is mains hum (50 or 60 Hz) but no speech below it."""
DYNAMIC_RANGE_DB = 70.0
"""Energy this many decibels or more below the loudest band of a recording counts as silence."""
UNIT_DB = 20.0
"""Decibels in one unit of a spectrogram. The bands of speech are some 10 to 60 decibels above
silence, so values in this unit spread by about 1.
"""
QUIETEST = 1e-10
"""Less power than this counts as silence; 16-bit samples cannot represent less."""


@dataclass(frozen=True)
class Spectrograms:
    """Recordings as log-mel spectrograms.

    Attributes:
        frames: Zero where padded, `[batch, frames, mels]`.
        mask: True where a frame is real, `[batch, frames]`.
    """

    frames: Float[Tensor, "batch frames mels"]
    mask: Bool[Tensor, "batch frames"]

    def __len__(self) -> int:
        """Return the number of recordings."""
        return len(self.frames)

    def to(self, device: torch.device) -> "Spectrograms":
        """Return the recordings on another device."""
        return Spectrograms(self.frames.to(device), self.mask.to(device))


def log_mel(
    samples: Float[Tensor, " samples"], sample_rate_hz: int, num_mels: int
) -> Float[Tensor, "frames mels"]:
    """Return how far each band's energy in each frame is above silence, in units of 20 dB.

    Silence is 70 dB below the loudest band of the recording, so neither the recording's level nor
    its pauses matter. Silence is zero, like padding.

    Args:
        samples: From -1 to 1; at least one.
        sample_rate_hz: Their rate.
        num_mels: Number of bands.

    Source:
        Davis and Mermelstein 1980, "Comparison of Parametric Representations for Monosyllabic Word
        Recognition", without the cosine transform. The floor below the peak is from Radford et al.
        2022, arXiv:2212.04356, section 2.2 and its code.
    """
    window, hop = round(WINDOW_S * sample_rate_hz), round(HOP_S * sample_rate_hz)
    size = 1 << (window - 1).bit_length()  # the next power of two, for a fast transform
    spectrum = torch.stft(
        samples,
        size,
        hop,
        window,
        torch.hann_window(window),
        pad_mode="constant",
        return_complex=True,
    )
    power = spectrum.abs().square().T @ _filters(sample_rate_hz, size, num_mels)
    level_db = 10 * power.clamp(min=QUIETEST).log10()
    floor_db = (level_db.max() - DYNAMIC_RANGE_DB).clamp(min=10 * math.log10(QUIETEST))
    return (level_db - floor_db).clamp(min=0) / UNIT_DB


@cache
def _filters(sample_rate_hz: int, size: int, num_mels: int) -> Float[Tensor, "bins mels"]:
    """Return triangular filters, equally wide on HTK's mel scale, 2595 log10(1 + f / 700 Hz)."""
    from transformers.audio_utils import mel_filter_bank

    filters = mel_filter_bank(
        size // 2 + 1, num_mels, LOWEST_HZ, sample_rate_hz / 2, sample_rate_hz, mel_scale="htk"
    )
    return torch.from_numpy(filters).float()


def band_centres_hz(sample_rate_hz: int, num_mels: int) -> Float64[np.ndarray, " mels"]:
    """Return the centre frequency of each band."""
    from transformers.audio_utils import hertz_to_mel, mel_to_hertz

    lowest, highest = (
        float(hertz_to_mel(hertz, "htk")) for hertz in (LOWEST_HZ, sample_rate_hz / 2)
    )
    return np.asarray(mel_to_hertz(np.linspace(lowest, highest, num_mels + 2)[1:-1], "htk"))


def pad_spectrograms(spectrograms: Sequence[Float[Tensor, "_ mels"]]) -> Spectrograms:
    """Pad spectrograms to the longest one."""
    lengths = torch.tensor([len(one) for one in spectrograms])
    frames = torch.nn.utils.rnn.pad_sequence(list(spectrograms), batch_first=True)
    return Spectrograms(frames, torch.arange(frames.shape[1]) < lengths.unsqueeze(1))
