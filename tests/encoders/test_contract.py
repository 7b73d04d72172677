"""What every encoder promises: one table, one row an encoder."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor, nn

from captioner.config import EncoderConfig
from captioner.encoders import ImageEncoder

DIM = 7


@dataclass(frozen=True)
class Case:
    """An encoder, and inputs for it: `inputs(n)` gives a batch of n that begins as every larger one does."""

    build: Callable[[], nn.Module]
    inputs: Callable[[int], Tensor]


def image_case(backbone: str, height: int = 64, width: int = 96) -> Case:
    config = EncoderConfig(backbone=backbone, weights="none", dim=DIM, dropout=0.5)
    pixels = torch.randn(3, 3, height, width, generator=torch.Generator().manual_seed(0))
    return Case(lambda: ImageEncoder(config), lambda n: pixels[:n])


CASES = {
    "resnet": image_case("test_resnet"),
    "efficientnet": image_case("test_efficientnet"),
    "normalised anew": image_case("test_nfnet"),
    "channels last": image_case("test_mambaout"),
    "wider behind the pooling": image_case("tf_mobilenetv3_small_minimal_100"),
    "transformer": image_case("test_vit"),
}


@pytest.fixture(params=CASES.values(), ids=CASES.keys())
def case(request) -> Case:
    torch.manual_seed(0)
    return request.param


def test_memory_has_the_shape_that_was_asked_for(case):
    memory = case.build().train(False)(case.inputs(3))
    assert memory.keys.shape == memory.values.shape
    assert memory.keys.shape[::2] == (3, DIM)
    assert memory.mask.shape == memory.keys.shape[:2]
    assert memory.mask.dtype == torch.bool
    assert memory.mask.any(1).all()
    assert torch.isfinite(memory.keys).all()
    assert torch.isfinite(memory.values).all()


def test_batch_equals_singles(case):
    encoder = case.build().train(False)
    memory = encoder(case.inputs(3))
    for item in range(3):
        alone = encoder(case.inputs(3)[item, None])
        torch.testing.assert_close(alone.keys[0], memory.keys[item], atol=1e-4, rtol=1e-4)
        assert torch.equal(alone.mask[0], memory.mask[item])


def test_different_inputs_have_different_memories(case):
    memory = case.build().train(False)(case.inputs(2))
    assert not torch.allclose(memory.values[0], memory.values[1], atol=1e-3)


def test_only_training_drops_out(case):
    encoder = case.build()
    inputs = case.inputs(1)
    assert not torch.equal(encoder.train()(inputs).keys, encoder(inputs).keys)
    assert torch.equal(encoder.train(False)(inputs).keys, encoder(inputs).keys)


def test_gradients_reach_what_is_trained_and_nothing_else(case):
    encoder = case.build()
    encoder(case.inputs(2)).values.square().sum().backward()
    for name, parameter in encoder.named_parameters():
        assert (parameter.grad is not None) == parameter.requires_grad, name
    assert any(parameter.requires_grad for parameter in encoder.parameters())
