"""A sentence and its photo are read beside each other, and a missing photo leaves no trace."""

from dataclasses import replace

import pytest
import torch

from captioner.config import ImageEncoderConfig, PhotoTextEncoderConfig, TextEncoderConfig
from captioner.errors import ConfigError
from captioner.modules.encoders import PhotoTextEncoder
from captioner.modules.memory import Memory, TokenLayout
from captioner.preprocess.text import IllustratedSentences, pad_sources

PHOTO = ImageEncoderConfig(backbone="test_resnet", weights="none", dim=5)
TEXT = TextEncoderConfig(embedding_dim=5, dim=7, max_positions=11)
SOURCES = pad_sources([[5, 9, 3, 8], [7], [4, 4, 6]], eos_id=2, pad_id=0)


@pytest.fixture
def encoder() -> PhotoTextEncoder:
    torch.manual_seed(0)
    config = PhotoTextEncoderConfig(photo=PHOTO, text=TEXT)
    return PhotoTextEncoder(config, 13, pad_id=0).train(False)


@pytest.fixture
def pixels() -> torch.Tensor:
    return torch.randn(2, 3, 64, 96, generator=torch.Generator().manual_seed(0))


def same(first: Memory, second: Memory) -> bool:
    return all(
        torch.equal(getattr(first, name), getattr(second, name))
        for name in ("keys", "values", "mask")
    )


def test_without_photos_the_memory_is_that_of_the_text_encoder(encoder):
    nothing = IllustratedSentences(SOURCES, None, torch.tensor([-1, -1, -1]))
    assert same(encoder(nothing), encoder.text(SOURCES))


def test_the_photo_stands_behind_the_sentence(encoder, pixels):
    memory = encoder(IllustratedSentences(SOURCES, pixels, torch.tensor([1, -1, 1])))
    text, photos = encoder.text(SOURCES), encoder.photo(pixels)
    length, cells = text.mask.shape[1], photos.mask.shape[1]
    assert memory.mask.shape == (3, length + cells)
    assert torch.equal(memory.keys[:, :length], text.keys)
    assert torch.equal(memory.mask[:, :length], text.mask)
    assert memory.mask[:, length:].all(1).tolist() == [True, False, True]
    assert not memory.mask[1, length:].any()
    for number in (0, 2):
        torch.testing.assert_close(memory.keys[number, length:], encoder.keys(photos.keys[1]))
        torch.testing.assert_close(memory.values[number, length:], encoder.values(photos.values[1]))
    assert memory.layout == TokenLayout()


def test_what_stands_in_the_place_of_a_missing_photo_is_never_read(encoder, pixels):
    inputs = IllustratedSentences(SOURCES, pixels, torch.tensor([1, -1, 1]))
    memory, other = encoder(inputs), encoder(replace(inputs, photos=pixels.flip(0)))
    assert not torch.equal(memory.mean()[0], other.mean()[0])
    assert torch.equal(memory.mean()[1], other.mean()[1])


def test_features_of_the_frozen_backbone_take_the_place_of_pixels(encoder, pixels):
    inputs = IllustratedSentences(SOURCES, pixels, torch.tensor([0, 1, -1]))
    features = encoder.photo.frozen_features(pixels)
    assert same(encoder(inputs), encoder.embed(replace(inputs, photos=features)))


def test_published_weights_are_the_backbones():
    config = PhotoTextEncoderConfig(photo=PHOTO.model_copy(update={"weights": "hub"}), text=TEXT)
    encoder = PhotoTextEncoder(config, 13, pad_id=0)
    published = encoder.published_names()
    assert published == {name for name in encoder.state_dict() if "photo.backbone." in name}
    assert encoder.fingerprint() == encoder.photo.fingerprint() != ""


def test_a_backbone_beside_sentences_is_not_fine_tuned():
    with pytest.raises(ValueError, match="beside sentences the backbone is frozen"):
        PhotoTextEncoderConfig(photo={"trainable_from": 2})


def test_words_to_detect_must_be_given():
    with pytest.raises(ConfigError, match="words to detect are missing"):
        PhotoTextEncoder(PhotoTextEncoderConfig(photo={"concepts": 2}), 13, pad_id=0)
