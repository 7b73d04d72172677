"""The video encoder: an image backbone on each frame, then residual convolutions over frames."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from captioner.config import VideoEncoderConfig
from captioner.modules.encoders.backbone import BackboneEncoder, last_map
from captioner.modules.encoders.residual import ResidualBlock
from captioner.modules.memory import FrameLayout, Memory


class VideoEncoder(BackboneEncoder):
    """Encodes clips.

    The backbone is frozen, so its features of the frames can be cached.

    Args:
        config: The backbone, and the width and depth of the layers after it.

    Raises:
        ConfigError: timm does not know the backbone.

    Source:
        A network of photos on each frame before a recurrent decoder: Venugopalan et al. 2015,
        arXiv:1412.4729, section 3.2. Convolutions over time on such features, after a 2-D network:
        Tran et al. 2018, arXiv:1711.11248, section 3.5. The decoder attends to frames: Yao et al.
        2015, arXiv:1502.08029, section 3.2.
    """

    def __init__(self, config: VideoEncoderConfig) -> None:
        super().__init__(config)
        self.config = config
        self.backbone.requires_grad_(False)
        self.project = nn.Linear(self.backbone.num_features, config.dim)
        self.blocks = nn.ModuleList(
            ResidualBlock(config.dim, config.kernel_size, config.dropout)
            for _ in range(config.num_blocks)
        )
        self.norm = nn.LayerNorm(config.dim)
        self.dropout = nn.Dropout(config.dropout)

    def frozen_fingerprint(self) -> str:
        """Return a hash of what `frozen_features` depends on."""
        return self.fingerprint()

    def frozen_features(
        self, clips: Float[Tensor, "batch frames 3 pixel_height pixel_width"]
    ) -> Float[Tensor, "batch frames channels"]:
        """Run the backbone and average each frame's map; the result can be cached."""
        return torch.stack([last_map(self.backbone, frames).mean((1, 2)) for frames in clips])

    def embed(self, features: Float[Tensor, "batch frames channels"]) -> Memory:
        """Turn features, fresh or cached, into a memory of one position for each frame."""
        mask = torch.ones(features.shape[:2], dtype=torch.bool, device=features.device)
        hidden = self.project(self.dropout(features))
        for block in self.blocks:
            hidden = block(hidden, mask)
        found = self.dropout(self.norm(hidden))
        return Memory(keys=found, values=found, mask=mask, layout=FrameLayout())

    def forward(self, inputs: Float[Tensor, "batch frames 3 pixel_height pixel_width"]) -> Memory:
        """Encode clips whose frames are already resized and normalised."""
        return self.embed(self.frozen_features(inputs))
