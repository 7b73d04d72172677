"""Bands lie where they should, and neither level nor padding changes what is heard."""

import numpy as np
import pytest
import torch

from captioner.preprocess.spectrogram import log_mel, pad_spectrograms


def noise(count: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(count, generator=torch.Generator().manual_seed(seed)) * 0.1


def mel(hz: float) -> float:
    return 2595 * np.log10(1 + hz / 700)


@pytest.mark.parametrize("rate_hz", [8_000, 16_000])
def test_there_are_a_hundred_frames_a_second(rate_hz):
    assert log_mel(noise(2 * rate_hz), rate_hz, 23).shape == (201, 23)
    assert log_mel(noise(1), rate_hz, 23).shape == (1, 23)


@pytest.mark.parametrize("hz", [300.0, 1_000.0, 2_500.0])
def test_a_tone_is_loudest_in_its_band(hz):
    rate_hz, num_mels = 8_000, 20
    time = torch.arange(rate_hz) / rate_hz
    samples = torch.sin(2 * torch.pi * hz * time) * (time > 0.5) + 1e-3 * noise(rate_hz)
    band = int(log_mel(samples, rate_hz, num_mels)[70:90].mean(0).argmax())
    width = (mel(4_000) - mel(60)) / (num_mels + 1)
    assert band == pytest.approx((mel(hz) - mel(60)) / width - 1, abs=0.75)


def test_the_level_does_not_matter():
    samples = noise(4_000)
    torch.testing.assert_close(
        log_mel(samples, 8_000, 20), log_mel(samples / 50, 8_000, 20), atol=1e-3, rtol=1e-3
    )


def test_silence_is_zero_and_the_peak_stands_70_decibels_above_it():
    samples = torch.cat([noise(8_000), torch.zeros(8_000)])
    frames = log_mel(samples, 8_000, 20)
    assert frames.max().item() == pytest.approx(70 / 20, abs=1e-4)
    assert frames.min() == 0 and not frames[110:].any()
    ten_db_weaker = log_mel(torch.cat([samples, samples * 10**-0.5]), 8_000, 20)
    torch.testing.assert_close(
        ten_db_weaker[210:290], (frames[10:90] - 0.5).clamp(min=0), atol=0.02, rtol=0
    )
    assert not log_mel(torch.zeros(4_000), 8_000, 20).any()


def test_how_long_the_pauses_are_does_not_matter():
    short, long = (torch.cat([noise(4_000), torch.zeros(size)]) for size in (800, 80_000))
    torch.testing.assert_close(log_mel(long, 8_000, 9)[:60], log_mel(short, 8_000, 9)[:60])


def test_padding_is_zero_and_masked():
    several = [log_mel(noise(count), 8_000, 9) for count in (800, 2_000, 1)]
    batch = pad_spectrograms(several)
    assert batch.frames.shape == (3, 26, 9) and len(batch) == 3
    assert batch.mask.sum(1).tolist() == [11, 26, 1]
    for number, one in enumerate(several):
        torch.testing.assert_close(batch.frames[number, batch.mask[number]], one)
    assert not batch.frames[~batch.mask].any()
    assert batch.to(torch.device("cpu")).mask.equal(batch.mask)
