"""Where a backbone may be cut: the halves, one after the other, are the whole."""

import pytest
import timm
import torch

from captioner.modules.encoders.chain import divide


@pytest.mark.parametrize(
    ("name", "first_tuned"),
    [("test_efficientnet", "conv_head"), ("test_resnet", "layer4"), ("test_convnext", "stages.3")],
)
def test_halves_make_the_whole(name, first_tuned):
    backbone = timm.create_model(name, num_classes=0).eval()
    names = [one for one, _ in backbone.named_parameters() if not one.startswith("head")]
    start = next(number for number, one in enumerate(names) if one.startswith(first_tuned))
    frozen, behind = divide(backbone, set(names[start:]))
    pixels = torch.rand(2, 3, 96, 64)
    with torch.no_grad():
        torch.testing.assert_close(
            behind(frozen(pixels)), backbone.forward_features(pixels), atol=1e-4, rtol=1e-4
        )
    assert {id(one) for one in behind.parameters()} == {
        id(backbone.get_parameter(one)) for one in names[start:]
    }


def test_a_transformer_is_no_chain_and_a_half_may_not_be_empty():
    transformer = timm.create_model("test_vit", num_classes=0, img_size=64).eval()
    assert divide(transformer, {"blocks.5.mlp.fc1.weight"}) is None
    backbone = timm.create_model("test_resnet", num_classes=0).eval()
    assert divide(backbone, set()) is None
    assert divide(backbone, {name for name, _ in backbone.named_parameters()}) is None
