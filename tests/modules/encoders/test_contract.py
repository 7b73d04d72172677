"""What every encoder promises: one table, one row an encoder."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
import torch

from captioner.config import (
    ImageEncoderConfig,
    PhotoTextEncoderConfig,
    SpeechEncoderConfig,
    TextEncoderConfig,
    VideoEncoderConfig,
)
from captioner.modules.encoders import (
    Encoder,
    ImageEncoder,
    PhotoTextEncoder,
    SpeechEncoder,
    TextEncoder,
    VideoEncoder,
)
from captioner.preprocess.spectrogram import Spectrograms, pad_spectrograms
from captioner.preprocess.text import IllustratedSentences, pad_sources

DIM = 7


@dataclass(frozen=True)
class Case:
    """An encoder, and inputs for it: `inputs(n)` gives a batch of n that begins as every larger
    one does.
    """

    build: Callable[[], Encoder]
    inputs: Callable[[int], Any]


def image_case(backbone: str, height: int = 64, width: int = 96) -> Case:
    config = ImageEncoderConfig(backbone=backbone, weights="none", dim=DIM, dropout=0.5)
    pixels = torch.randn(3, 3, height, width, generator=torch.Generator().manual_seed(0))
    return Case(lambda: ImageEncoder(config), lambda n: pixels[:n])


def text_case(**settings: int) -> Case:
    config = TextEncoderConfig(embedding_dim=5, dim=DIM, max_positions=11, dropout=0.5, **settings)
    sentences = [[5, 9, 3, 8], [7], [4, 4, 6, 9, 9, 8, 5, 3, 10]]
    return Case(
        lambda: TextEncoder(config, 13, pad_id=0),
        lambda n: pad_sources(sentences[:n], eos_id=2, pad_id=0),
    )


def photo_text_case(concepts: int = 0) -> Case:
    photo = ImageEncoderConfig(
        backbone="test_resnet",
        weights="none",
        dim=5,
        dropout=0.5,
        concepts=concepts,
        concept_words=("dog", "ball", "red", "man"),
    )
    text = TextEncoderConfig(embedding_dim=5, dim=DIM, max_positions=11, dropout=0.5)
    config = PhotoTextEncoderConfig(photo=photo, text=text)
    sentences = [[5, 9, 3, 8], [7], [4, 4, 6, 9, 9, 8, 5, 3, 10]]
    pixels = torch.randn(2, 3, 64, 96, generator=torch.Generator().manual_seed(0))

    def inputs(count: int) -> IllustratedSentences:
        # The second sentence has no photo.
        numbers = torch.tensor([1, -1, 0])[:count]
        return IllustratedSentences(pad_sources(sentences[:count], 2, 0), pixels, numbers)

    return Case(lambda: PhotoTextEncoder(config, 13, pad_id=0), inputs)


def speech_case(**settings: Any) -> Case:
    config = SpeechEncoderConfig(
        **{"num_mels": 9, "channels": 3, "dim": DIM, "dropout": 0.5, **settings}
    )
    rng = torch.Generator().manual_seed(0)
    recordings = [torch.randn(frames, 9, generator=rng) for frames in (22, 5, 37)]
    return Case(lambda: SpeechEncoder(config), lambda n: pad_spectrograms(recordings[:n]))


def video_case(**settings: Any) -> Case:
    config = VideoEncoderConfig(
        backbone="test_resnet", weights="none", dim=DIM, dropout=0.5, **settings
    )
    clips = torch.randn(3, 5, 3, 64, 96, generator=torch.Generator().manual_seed(0))
    return Case(lambda: VideoEncoder(config), lambda n: clips[:n])


CASES = {
    "resnet": image_case("test_resnet"),
    "efficientnet": image_case("test_efficientnet"),
    "normalised anew": image_case("test_nfnet"),
    "channels last": image_case("test_mambaout"),
    "wider behind the pooling": image_case("tf_mobilenetv3_small_minimal_100"),
    "transformer": image_case("test_vit"),
    "text": text_case(num_layers=2),
    "text, wide kernel": text_case(num_layers=3, kernel_size=5),
    "text, no neighbours": text_case(num_layers=1, kernel_size=1),
    "photo and text": photo_text_case(),
    "photo, its words, and text": photo_text_case(concepts=3),
    "speech": speech_case(recurrent=False, num_blocks=2),
    "speech, no blocks, three strides": speech_case(recurrent=False, num_blocks=0, num_strides=3),
    "video": video_case(),
    "video, no neighbours": video_case(num_blocks=0),
}


def item(inputs: Any, number: int) -> Any:
    """One item of a batch, alone and without padding."""
    if isinstance(inputs, torch.Tensor):
        return inputs[number, None]
    if isinstance(inputs, IllustratedSentences):
        photo = int(inputs.numbers[number])
        return IllustratedSentences(
            item(inputs.sentences, number),
            None if photo < 0 else inputs.photos[photo, None],
            torch.tensor([min(photo, 0)]),
        )
    real = inputs.mask[number]
    if isinstance(inputs, Spectrograms):
        return Spectrograms(inputs.frames[number, None, real], inputs.mask[number, None, real])
    return replace(
        inputs, token_ids=inputs.token_ids[number, None, real], mask=inputs.mask[number, None, real]
    )


@pytest.fixture(params=CASES.values(), ids=CASES.keys())
def case(request) -> Case:
    torch.manual_seed(0)
    return request.param


def test_memory_has_the_shape_that_was_asked_for(case):
    memory = case.build().train(False)(case.inputs(3))
    assert memory.keys.shape == memory.values.shape
    assert memory.keys.shape[::2] == (3, DIM)
    assert len(memory) == 3
    assert memory.mask.shape == memory.keys.shape[:2]
    assert memory.mask.dtype == torch.bool
    assert memory.mask.any(1).all()
    assert torch.isfinite(memory.keys).all()
    assert torch.isfinite(memory.values).all()


def test_batch_equals_singles(case):
    encoder = case.build().train(False)
    memory = encoder(case.inputs(3))
    for number in range(3):
        alone, real = encoder(item(case.inputs(3), number)), memory.mask[number]
        assert alone.mask.all()
        torch.testing.assert_close(alone.keys[0], memory.keys[number, real], atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(
            alone.values[0], memory.values[number, real], atol=1e-4, rtol=1e-4
        )


def test_a_larger_batch_changes_nothing_real(case):
    encoder = case.build().train(False)
    few, many = encoder(case.inputs(2)), encoder(case.inputs(3))
    for number in range(2):
        own, among = few.mask[number], many.mask[number]
        assert own.sum() == among.sum()
        torch.testing.assert_close(
            few.keys[number, own], many.keys[number, among], atol=1e-4, rtol=1e-4
        )
        torch.testing.assert_close(
            few.values[number, own], many.values[number, among], atol=1e-4, rtol=1e-4
        )


def test_different_inputs_have_different_memories(case):
    memory = case.build().train(False)(case.inputs(2))
    assert not torch.allclose(memory.values[0, 0], memory.values[1, 0], atol=1e-3)


def test_only_training_drops_out(case):
    encoder = case.build()
    inputs = case.inputs(1)
    assert not torch.equal(encoder.train()(inputs).keys, encoder(inputs).keys)
    assert torch.equal(encoder.train(False)(inputs).keys, encoder(inputs).keys)


def test_gradients_reach_what_is_trained_and_nothing_else(case):
    encoder = case.build()
    memory = encoder(case.inputs(2))
    (memory.keys.square().sum() + memory.values.square().sum()).backward()
    for name, parameter in encoder.named_parameters():
        assert (parameter.grad is not None) == parameter.requires_grad, name
    assert any(parameter.requires_grad for parameter in encoder.parameters())
