"""A convolutional backbone of timm for every encoder of pictures: built, filled and identified."""

import hashlib
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from captioner.config import ImageConfig
from captioner.errors import ConfigError, ModelError
from captioner.modules.encoders.backbone_weights import load_from_hub, load_from_package


def build_backbone(name: str) -> Any:
    """Build a backbone with random weights; `load_published` or a model's file fills it.

    Args:
        name: Any timm model that gives a map of features.

    Raises:
        ConfigError: timm does not know it.
    """
    import timm

    try:
        # Without weights it can be built on the meta device, too.
        backbone: Any = timm.create_model(name, pretrained=False, num_classes=0)
    except RuntimeError as error:
        close = ", ".join(timm.list_models(f"*{name[:8]}*")[:5]) or "see timm.list_models()"
        raise ConfigError(f"encoder.backbone: {error} (given: {name!r}; known: {close})") from error
    return backbone.to(memory_format=torch.channels_last).eval()


@torch.no_grad()
def load_published(backbone: nn.Module, name: str, weights: str) -> None:
    """Fill a backbone with pretrained weights.

    Args:
        backbone: Of timm.
        name: What timm calls it.
        weights: Where they come from, as `ImageEncoderConfig.weights` says.

    Raises:
        ModelError: They cannot be had.
        MissingExtraError: The package that carries them is not installed.
    """
    if weights == "package":
        load_from_package(backbone, name)
    elif weights == "hub":
        load_from_hub(backbone, name)


def normalised_for(backbone: Any, image: ImageConfig) -> ImageConfig:
    """Fill in the backbone's own mean and standard deviation unless they are given."""
    own = {name: tuple(backbone.pretrained_cfg[name]) for name in ("mean", "std")}
    return image.model_copy(
        update={name: value for name, value in own.items() if getattr(image, name) is None}
    )


def fingerprint(backbone: Any, name: str, part: nn.Module | None = None) -> str:
    """Return a hash of a backbone's name and weights, except its classifier's.

    Args:
        backbone: Of timm.
        name: What timm calls it.
        part: A part of it, whose weights alone count.
    """
    classifier = f"{backbone.pretrained_cfg['classifier']}."
    digest = hashlib.sha256(name.encode())
    for key, tensor in (backbone if part is None else part).state_dict().items():
        if not (key.endswith("num_batches_tracked") or key.startswith(classifier)):
            digest.update(tensor.detach().cpu().numpy().tobytes())
    return digest.hexdigest()[:16]


def last_map(
    backbone: Any, pixel_values: Float[Tensor, "batch 3 pixel_height pixel_width"]
) -> Float[Tensor, "batch height width channels"]:
    """Run a backbone up to its last map.

    Raises:
        ModelError: It gives none.
    """
    maps: Tensor = backbone.forward_features(
        pixel_values.contiguous(memory_format=torch.channels_last)
    )
    if maps.ndim == 3:  # a transformer's tokens, behind its class token
        height, width = backbone.patch_embed.dynamic_feat_size(pixel_values.shape[-2:])
        return maps[:, backbone.num_prefix_tokens :].reshape(len(maps), height, width, -1)
    if maps.ndim != 4:
        raise ModelError(f"the backbone gives no map of features but shape {tuple(maps.shape)}")
    return maps if getattr(backbone, "output_fmt", "NCHW") == "NHWC" else maps.permute(0, 2, 3, 1)
