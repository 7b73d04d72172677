"""Loads the recordings of an update from their files; threads concatenate and augment them."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from captioner.config import SpeechConfig
from captioner.data.concatenation import ConcatenatedUtterance
from captioner.preprocess.audio import read_audio
from captioner.preprocess.spectrogram import Spectrograms, log_mel, pad_spectrograms
from captioner.training.sound import (
    add_noise,
    change_speed,
    change_tone,
    join,
    mask_bands,
    warp_bands,
)

VALIDATION_KEY = 1  # added to the run's seed, so that validation draws other takes and gaps


class Recordings:
    """Utterances, single or concatenated, as spectrograms.

    In training, the run's seed, the epoch and the utterance's number determine the take of each
    word, the gaps, the speed, the noise and the masks. In validation, takes and gaps are always the
    same, and nothing else is varied; a single recording is heard as it is.

    Args:
        utterances: Texts with their recordings.
        config: The experiment.
        training: Whether the recordings are varied.
    """

    def __init__(
        self, utterances: Sequence[ConcatenatedUtterance], config: SpeechConfig, training: bool
    ) -> None:
        self._utterances = utterances
        self._data, self._encoder = config.data, config.encoder
        self._seed = config.training.seed
        self._training = training
        # Concatenated recordings are short and used many times, so they stay in memory.
        self._read = lru_cache(maxsize=None if config.data.num_concatenated else 0)(read_audio)
        self._threads = ThreadPoolExecutor(max(1, config.training.num_workers))

    def load(self, numbers: Sequence[int], views: Sequence[int], seed: int) -> Spectrograms:
        """Return a padded batch; a view is the epoch, and the update's own seed is not used."""
        return pad_spectrograms(list(self._threads.map(self._frames, numbers, views)))

    def _frames(self, number: int, epoch: int) -> Tensor:
        rng = np.random.default_rng(
            [self._seed, epoch, number, *([] if self._training else [VALIDATION_KEY])]
        )
        takes = [choices[rng.integers(len(choices))] for choices in self._utterances[number].takes]
        rate_hz, num_mels = self._encoder.sample_rate_hz, self._encoder.num_mels
        recordings = [self._read(take, rate_hz) for take in takes]
        if self._training or len(recordings) > 1:
            samples = join(recordings, round(self._data.max_gap_s * rate_hz), rng)
        else:
            samples = recordings[0]
        if not self._training:
            return log_mel(torch.from_numpy(samples), rate_hz, num_mels)
        samples = change_tone(change_speed(samples, self._data.max_speed_change, rng), rng)
        samples = add_noise(samples, self._data.min_snr_db, rng)
        frames = log_mel(torch.from_numpy(samples), rate_hz, num_mels)
        if self._data.max_warp:
            frames = warp_bands(frames, rate_hz, self._data.max_warp, rng)
        return mask_bands(frames, self._data.num_masks, rng)
