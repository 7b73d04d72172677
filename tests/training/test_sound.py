"""What is done to recordings in training is what it says, and comes from the caller's generator
alone.
"""

import numpy as np
import pytest
import torch

from captioner.preprocess.spectrogram import band_centres_hz, log_mel
from captioner.training.sound import (
    add_noise,
    change_speed,
    change_tone,
    join,
    mask_bands,
    warp_bands,
)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def tone(count: int) -> np.ndarray:
    return (0.5 * np.sin(np.arange(count) / 3)).astype(np.float32)


def test_joined_recordings_keep_their_order_and_gaps_their_limit():
    parts = [np.full(size, value, np.float32) for size, value in ((3, 1.0), (5, 2.0), (2, 3.0))]
    gaps = set()
    for seed in range(200):
        joined = join(parts, 4, rng(seed))
        np.testing.assert_array_equal(joined[joined > 0], np.concatenate(parts))
        gaps.add(int((joined == 0).sum()))
    assert min(gaps) <= 2 and max(gaps) <= 16 and len(gaps) > 8
    np.testing.assert_array_equal(join(parts, 0, rng()), np.concatenate(parts))


def test_speed_changes_length_and_pitch_within_bounds():
    lengths = [len(change_speed(tone(8_000), 0.2, rng(seed))) for seed in range(40)]
    assert 8_000 / 1.2 - 5 <= min(lengths) < 7_000 and 9_000 < max(lengths) <= 8_000 / 0.8 + 5
    np.testing.assert_array_equal(change_speed(tone(800), 0.0, rng()), tone(800))


def test_the_tone_changes_within_bounds_and_nothing_else_does():
    def balance_db(samples: np.ndarray) -> float:
        """High against low, decibels."""
        spectrum = np.abs(np.fft.rfft(samples))
        return float(20 * np.log10(spectrum[-1] / spectrum[0]))

    click = np.zeros(64, np.float32)
    click[0] = 1
    changes = [balance_db(change_tone(click, rng(seed))) for seed in range(60)]
    assert -7.5 < min(changes) < -4 and 12 < max(changes) < 19.1
    assert change_tone(tone(77), rng()).shape == (77,)


def test_a_stretch_moves_a_tone_by_its_factor():
    rate_hz, num_mels = 8_000, 40
    centres_hz = band_centres_hz(rate_hz, num_mels)

    def heard_hz(frames: torch.Tensor) -> float:
        return float(centres_hz[int(frames.mean(0).argmax())])

    whistle = torch.from_numpy(np.sin(2 * np.pi * 1_000 * np.arange(8_000) / rate_hz)).float()
    frames = log_mel(whistle, rate_hz, num_mels)
    assert heard_hz(frames) == pytest.approx(1_000, rel=0.06)
    moved = [heard_hz(warp_bands(frames, rate_hz, 0.2, rng(seed))) for seed in range(40)]
    assert 780 < min(moved) < 900 and 1_130 < max(moved) < 1_330
    assert torch.equal(warp_bands(frames, rate_hz, 0.0, rng()), frames)
    assert warp_bands(frames[:1], rate_hz, 0.2, rng()).shape == (1, num_mels)


def test_noise_is_no_louder_than_allowed_and_some_recordings_get_none():
    samples = tone(9_001)
    ratios = []
    for seed in range(100):
        noise = add_noise(samples, 15.0, rng(seed)) - samples
        if noise.any():
            ratios.append(10 * np.log10(np.square(samples).mean() / np.square(noise).mean()))
    assert 60 <= len(ratios) <= 90
    assert 14.9 < min(ratios) < 20 and 40 < max(ratios) < 45.1


def test_silence_between_words_makes_the_noise_no_weaker():
    words, gap = tone(4_000), np.zeros(12_000, np.float32)
    seed = next(seed for seed in range(9) if (add_noise(words, 10.0, rng(seed)) != words).any())
    noise = add_noise(np.concatenate([words, gap]), 10.0, rng(seed))[4_000:]
    ratio = 10 * np.log10(np.square(words).mean() / np.square(noise).mean())
    assert 9 < ratio < 41


@pytest.mark.parametrize("samples", [np.zeros(100, np.float32), np.zeros(1, np.float32)])
def test_silence_stays_silent(samples):
    for seed in range(5):
        np.testing.assert_array_equal(add_noise(samples, 10.0, rng(seed)), samples)


def test_masks_blot_out_stretches_and_no_more():
    frames = torch.rand(60, 20) + 1
    shares = []
    for seed in range(50):
        masked = mask_bands(frames, 2, rng(seed))
        kept = masked != 0
        assert torch.equal(masked[kept], frames[kept])
        rows, columns = kept.any(1), kept.any(0)
        assert torch.equal(kept, rows[:, None] & columns[None])  # whole frames and whole bands
        assert (~rows).sum() <= 20 and (~columns).sum() <= 8
        shares.append(float((~kept).float().mean()))
    assert 0.1 < np.mean(shares) < 0.5
    assert torch.equal(mask_bands(frames, 0, rng()), frames)
    assert mask_bands(frames[:1], 3, rng()).shape == (1, 20)


@pytest.mark.parametrize(
    "change",
    [
        lambda seed: join([tone(50), tone(70)], 30, rng(seed)),
        lambda seed: change_speed(tone(900), 0.2, rng(seed)),
        lambda seed: change_tone(tone(900), rng(seed)),
        lambda seed: add_noise(tone(900), 5.0, rng(seed)),
        lambda seed: mask_bands(torch.ones(60, 20), 2, rng(seed)).numpy(),
    ],
)
def test_all_chance_is_the_callers(change):
    np.testing.assert_array_equal(change(3), change(3))
    results = [change(seed) for seed in range(8)]
    assert any(one.shape != results[0].shape or (one != results[0]).any() for one in results)
