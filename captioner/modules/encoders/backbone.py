"""Builds, loads, freezes and identifies a timm backbone, for the encoders of photos and clips."""

import hashlib
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from captioner.config import ImageConfig, ImageEncoderConfig, VideoEncoderConfig
from captioner.errors import ConfigError, ModelError
from captioner.modules.encoders.backbone_weights import load_from_hub, load_from_package
from captioner.modules.encoders.contract import Encoder


def build_backbone(name: str) -> Any:
    """Build a backbone with random weights, which `load_published` or a model's file replaces.

    Args:
        name: Any timm model that returns a feature map.

    Raises:
        ConfigError: timm does not know it.
    """
    import timm

    try:
        # Without pretrained weights, it can also be built on the meta device.
        backbone: Any = timm.create_model(name, pretrained=False, num_classes=0)
    except RuntimeError as error:
        close = ", ".join(timm.list_models(f"*{name[:8]}*")[:5]) or "see timm.list_models()"
        raise ConfigError(f"encoder.backbone: {error} (given: {name!r}; known: {close})") from error
    return backbone.to(memory_format=torch.channels_last).eval()


def last_map(
    backbone: Any, pixel_values: Float[Tensor, "batch 3 pixel_height pixel_width"]
) -> Float[Tensor, "batch height width channels"]:
    """Run a backbone up to its last feature map.

    Raises:
        ModelError: It has none.
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


class BackboneEncoder(Encoder):
    """An encoder with a backbone that always runs in evaluation mode.

    Attributes:
        backbone: The timm model, with random weights until others are loaded.

    Args:
        config: Which backbone, and where its weights come from.

    Raises:
        ConfigError: timm does not know the backbone.
    """

    def __init__(self, config: ImageEncoderConfig | VideoEncoderConfig) -> None:
        super().__init__()
        self._name, self._weights = config.backbone, config.weights
        self.backbone: Any = build_backbone(config.backbone)

    def normalised_for(self, image: ImageConfig) -> ImageConfig:
        """Fill in the backbone's own mean and standard deviation unless they are given."""
        own = {name: tuple(self.backbone.pretrained_cfg[name]) for name in ("mean", "std")}
        return image.model_copy(
            update={name: value for name, value in own.items() if getattr(image, name) is None}
        )

    def trainable_names(self) -> frozenset[str]:
        """Return the names of the backbone's fine-tuned parameters; here there are none."""
        return frozenset()

    def published_names(self) -> frozenset[str]:
        """Name the backbone's weights, except those that are fine-tuned."""
        if self._weights == "none":
            return frozenset()
        names = self.backbone.state_dict().keys() - self.trainable_names()
        return frozenset(f"backbone.{name}" for name in names)

    @torch.no_grad()
    def load_published(self) -> None:
        """Load the backbone's pretrained weights, from where the config says.

        Raises:
            ModelError: They cannot be loaded.
            MissingExtraError: The package that contains them is not installed.
        """
        if self._weights == "package":
            load_from_package(self.backbone, self._name)
        elif self._weights == "hub":
            load_from_hub(self.backbone, self._name)

    def fingerprint(self) -> str:
        """Return a hash of the backbone's name and weights, without its classifier's."""
        return self._fingerprint_of(self.backbone)

    def _fingerprint_of(self, part: nn.Module) -> str:
        classifier = f"{self.backbone.pretrained_cfg['classifier']}."
        digest = hashlib.sha256(self._name.encode())
        for key, tensor in part.state_dict().items():
            if not (key.endswith("num_batches_tracked") or key.startswith(classifier)):
                digest.update(tensor.detach().cpu().numpy().tobytes())
        return digest.hexdigest()[:16]

    def train(self, mode: bool = True) -> "BackboneEncoder":
        """Set the mode of everything but the backbone, which stays in evaluation mode."""
        super().train(mode)
        self.backbone.eval()
        return self
