"""The image encoder: stages, widths, fingerprints, and a backbone that stays in evaluation mode."""

import pytest
import torch

from captioner.config import ImageEncoderConfig, SearchConfig
from captioner.errors import ConfigError
from captioner.modules.encoders import ImageEncoder
from captioner.modules.memory import GridLayout


def build(**changes: object) -> ImageEncoder:
    torch.manual_seed(0)
    return ImageEncoder(
        ImageEncoderConfig(**{"backbone": "test_resnet", "weights": "none", "dim": 7, **changes})
    )


def pixels(batch: int = 2, height: int = 96, width: int = 160) -> torch.Tensor:
    return torch.randn(batch, 3, height, width, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("backbone", ["test_resnet", "test_mambaout", "test_vit"])
def test_positions_are_rows_of_the_photo(backbone):
    """A change in the photo's upper right corner is greatest at that corner's position."""
    encoder = build(backbone=backbone).train(False)
    features = encoder.features(pixels())
    memory = encoder.embed(features)
    assert memory.layout == GridLayout(*features.shape[1:3])
    assert memory.keys.shape == (2, features.shape[1] * features.shape[2], 7)
    changed = pixels()
    changed[:, :, :16, -16:] += 5
    difference = (encoder.features(changed) - features).abs().sum(-1)[0]
    assert divmod(int(difference.argmax()), difference.shape[1]) == (0, difference.shape[1] - 1)


def test_embedded_features_equal_the_whole_way():
    encoder = build().train(False)
    assert torch.equal(encoder.embed(encoder.features(pixels())).values, encoder(pixels()).values)


def test_channels_last_is_only_a_matter_of_speed():
    encoder = build().train(False)
    kernels = [
        weight
        for weight in encoder.backbone.parameters()
        if weight.ndim == 4 and min(weight.shape) > 1
    ]
    assert kernels
    assert all(weight.is_contiguous(memory_format=torch.channels_last) for weight in kernels)
    before = encoder.features(pixels())
    encoder.backbone.to(memory_format=torch.contiguous_format)
    torch.testing.assert_close(encoder.features(pixels()), before, atol=1e-4, rtol=1e-4)


def test_frozen_backbone_has_no_gradient():
    assert not any(parameter.requires_grad for parameter in build().backbone.parameters())


def test_stages_from_the_chosen_one_on_are_trained():
    counts = []
    for stage in range(5):
        encoder = build(trainable_from=stage)
        names = {
            name
            for name, parameter in encoder.backbone.named_parameters()
            if parameter.requires_grad
        }
        assert names == encoder.trainable_names()
        counts.append(len(names))
    assert counts == sorted(counts, reverse=True)
    assert len(set(counts)) == 5
    assert counts[0] == len(list(encoder.backbone.parameters()))
    assert all(name.startswith("layer4") for name in build(trainable_from=4).trainable_names())


def test_batch_statistics_stay():
    encoder = build(trainable_from=0).train()
    before = {name: tensor.clone() for name, tensor in encoder.backbone.named_buffers()}
    assert before
    encoder(pixels())
    assert all(
        torch.equal(tensor, before[name]) for name, tensor in encoder.backbone.named_buffers()
    )
    assert encoder.dropout.training


def test_fingerprint_tells_weights_and_names_apart():
    encoder = build()
    assert encoder.fingerprint() == build().fingerprint()
    with torch.no_grad():
        next(encoder.backbone.parameters())[0, 0, 0, 0] += 1e-3
    assert encoder.fingerprint() != build().fingerprint()
    assert build(backbone="test_efficientnet").fingerprint() != build().fingerprint()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"backbone": "test_resnot"}, "encoder.backbone.*'test_resnot'.*test_resnet"),
        ({"backbone": "no such thing"}, "encoder.backbone.*timm.list_models"),
        ({"trainable_from": 9}, "encoder.trainable_from: test_resnet has stages 0 to"),
    ],
)
def test_bad_settings_are_named(changes, message):
    with pytest.raises(ConfigError, match=message):
        build(**changes)


WORDS = ("dog", "grass", "red", "runs", "sky")


def test_the_most_telling_words_stand_behind_the_cells():
    encoder = build(concepts=3, concept_words=WORDS).train(False)
    features = encoder.features(pixels())
    memory = encoder(pixels())
    cells = memory.layout.height * memory.layout.width
    assert memory.keys.shape[1] == cells + 3
    torch.testing.assert_close(memory.values[:, :cells], encoder.values(features))
    torch.testing.assert_close(memory.concepts.probabilities, encoder.detector(features))
    torch.testing.assert_close(memory.values[:, cells:], encoder.concept_embedding(memory.concepts))


def test_concepts_change_neither_fingerprint_nor_the_cells():
    plain, detecting = build().train(False), build(concepts=3, concept_words=WORDS).train(False)
    detecting.load_state_dict(plain.state_dict(), strict=False)
    assert detecting.fingerprint() == plain.fingerprint()
    cells = plain(pixels()).values
    torch.testing.assert_close(detecting(pixels()).values[:, : cells.shape[1]], cells)
    assert plain(pixels()).concepts is None


def test_a_memory_of_words_alone_has_no_cells():
    encoder = build(concepts=3, concept_words=WORDS).train(False)
    features, probabilities = encoder.features(pixels()), torch.rand(2, 5)
    whole, words = (
        encoder.embed_with(features, probabilities),
        encoder.embed_with(None, probabilities),
    )
    assert (words.layout.height, words.layout.width, words.keys.shape[1]) == (0, 0, 3)
    torch.testing.assert_close(whole.values[:, -3:], words.values)


def test_no_gradient_reaches_the_detector():
    encoder = build(concepts=3, concept_words=WORDS)
    encoder(pixels()).values.sum().backward()
    assert not any(parameter.requires_grad for parameter in encoder.detector.parameters())
    assert encoder.concept_embedding.word.weight.grad.any()


def test_concepts_need_words():
    with pytest.raises(
        ConfigError, match=r"encoder\.concept_words: the words to detect are missing"
    ):
        build(concepts=3)


def test_settings_of_an_earlier_version_that_say_nothing_now_are_passed_over():
    assert ImageEncoderConfig(concept_temperature=1.5) == ImageEncoderConfig()
    assert SearchConfig(naming=4.0) == SearchConfig()


def test_concepts_need_a_frozen_backbone():
    with pytest.raises(ValueError, match="concepts"):
        build(concepts=3, trainable_from=2)
