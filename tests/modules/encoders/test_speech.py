"""Padding leaks nowhere, positions keep their times, and order counts."""

import pytest
import torch

from captioner.config import SpeechEncoderConfig
from captioner.errors import ConfigError
from captioner.modules.encoders import SpeechEncoder, build_encoder
from captioner.modules.memory import TimeLayout
from captioner.preprocess.spectrogram import Spectrograms, pad_spectrograms

MELS = 11


def build(**settings: object) -> SpeechEncoder:
    torch.manual_seed(0)
    fields = {"num_mels": MELS, "channels": 3, "dim": 8, "num_blocks": 2, **settings}
    return SpeechEncoder(SpeechEncoderConfig(**fields)).train(False)


def recordings() -> Spectrograms:
    rng = torch.Generator().manual_seed(1)
    return pad_spectrograms([torch.randn(frames, MELS, generator=rng) for frames in (19, 1, 34, 8)])


KINDS = [{}, {"recurrent": False}, {"num_strides": 1}, {"num_strides": 3, "kernel_size": 7}]


@pytest.mark.parametrize("settings", KINDS)
def test_what_stands_in_the_padding_changes_nothing_at_all(settings):
    encoder, plain = build(**settings), recordings()
    other = Spectrograms(torch.where(plain.mask.unsqueeze(-1), plain.frames, 7.0), plain.mask)
    assert not torch.equal(plain.frames, other.frames)
    for name in ("keys", "values", "mask"):
        assert torch.equal(getattr(encoder(plain), name), getattr(encoder(other), name)), name


@pytest.mark.parametrize("settings", KINDS)
@pytest.mark.parametrize("more", [1, 13])
def test_how_much_padding_there_is_changes_nothing(settings, more):
    encoder, plain = build(**settings), recordings()
    longer = Spectrograms(
        torch.nn.functional.pad(plain.frames, (0, 0, 0, more), value=5.0),
        torch.nn.functional.pad(plain.mask, (0, more), value=False),
    )
    few, many = encoder(plain), encoder(longer)
    size = few.mask.shape[1]
    assert torch.equal(many.mask[:, :size], few.mask)
    assert not many.mask[:, size:].any() and not many.keys[:, size:].any()
    torch.testing.assert_close(many.keys[:, :size], few.keys, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("settings", KINDS)
def test_one_recording_is_the_same_alone_as_in_a_batch(settings):
    encoder, batch = build(**settings), recordings()
    together = encoder(batch)
    for number in range(len(batch)):
        real = batch.mask[number]
        alone = encoder(
            Spectrograms(batch.frames[number, None, real], batch.mask[number, None, real])
        )
        assert alone.mask.all()
        torch.testing.assert_close(
            alone.keys[0], together.keys[number, together.mask[number]], atol=1e-5, rtol=1e-4
        )


@pytest.mark.parametrize("num_strides", [1, 2, 3])
def test_positions_have_times(num_strides):
    memory = build(num_strides=num_strides)(recordings())
    assert memory.layout == TimeLayout(0.01 * 2**num_strides)
    assert memory.mask.sum(1).tolist() == [
        -(-frames // 2**num_strides) for frames in (19, 1, 34, 8)
    ]


def test_a_sound_is_heard_around_its_own_position():
    encoder = build(recurrent=False, num_blocks=1, kernel_size=3)
    frames = torch.zeros(1, 80, MELS)
    mask = torch.ones(1, 80, dtype=torch.bool)
    changed = frames.clone()
    changed[0, 40] = 3.0
    difference = (
        encoder(Spectrograms(frames, mask)).keys - encoder(Spectrograms(changed, mask)).keys
    )
    heard = difference[0].abs().sum(-1).nonzero().flatten().tolist()
    assert heard and min(heard) >= 8 and max(heard) <= 12  # 40 / 4, and what the kernels reach


def test_the_recurrent_layer_hears_all():
    encoder = build()
    frames, mask = torch.zeros(1, 80, MELS), torch.ones(1, 80, dtype=torch.bool)
    changed = frames.clone()
    changed[0, 0] = 3.0
    difference = (
        encoder(Spectrograms(frames, mask)).keys - encoder(Spectrograms(changed, mask)).keys
    )
    assert difference[0, -1].any()


def test_the_table_builds_it():
    assert isinstance(
        build_encoder(SpeechEncoderConfig(num_mels=9, dim=4), vocab_size=5, pad_id=0), SpeechEncoder
    )


@pytest.mark.parametrize(
    ("field", "value"), [("kernel_size", 4), ("dim", 7), ("num_mels", 2), ("sample_rate_hz", 100)]
)
def test_settings_that_make_no_sense_are_named(field, value):
    from captioner.config import validated

    with pytest.raises(ConfigError, match=field):
        validated(SpeechEncoderConfig, {field: value}, "config.json: encoder")
