"""The speech encoder: strided and residual convolutions, then a recurrent layer."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from captioner.config import SpeechEncoderConfig
from captioner.modules.encoders.contract import Encoder
from captioner.modules.encoders.residual import ResidualBlock
from captioner.modules.memory import Memory, TimeLayout
from captioner.preprocess.spectrogram import HOP_S, Spectrograms


class StridedConvolutions(nn.Module):
    """Halves frames and bands several times, and returns one vector for each position.

    Padding is set to zero before each convolution, so it does not change real positions.

    Args:
        num_mels: Number of bands of the input.
        channels: Channels of each convolution.
        num_strides: Number of convolutions.
        dim: Width of the output.
    """

    def __init__(self, num_mels: int, channels: int, num_strides: int, dim: int) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList(
            nn.Conv2d(channels if number else 1, channels, 3, stride=2, padding=1)
            for number in range(num_strides)
        )
        bands = num_mels
        for _ in range(num_strides):
            bands = -(-bands // 2)
        self.project = nn.Linear(channels * bands, dim)

    def forward(
        self, frames: Float[Tensor, "batch frames mels"], mask: Bool[Tensor, "batch frames"]
    ) -> tuple[Float[Tensor, "batch source dim"], Bool[Tensor, "batch source"]]:
        """Return a vector for each position, and which positions begin in a real frame."""
        hidden = frames.unsqueeze(1)
        for convolution in self.convolutions:
            hidden = torch.relu(convolution(hidden * mask[:, None, :, None]))
            mask = mask[:, ::2]
        return self.project(hidden.transpose(1, 2).flatten(2)), mask


class SpeechEncoder(Encoder):
    """Encodes recordings.

    Args:
        config: Its widths and depth.

    Source:
        An encoder that shortens time, before an attention decoder that spells: Chan et al. 2015,
        arXiv:1508.01211, section 3.1. It shortens by convolutions rather than by a pyramid of
        recurrent layers: Zhang et al. 2017, arXiv:1610.03022, section 2.
    """

    def __init__(self, config: SpeechEncoderConfig) -> None:
        super().__init__()
        self.config = config
        self.strided = StridedConvolutions(
            config.num_mels, config.channels, config.num_strides, config.dim
        )
        self.blocks = nn.ModuleList(
            ResidualBlock(config.dim, config.kernel_size, config.dropout)
            for _ in range(config.num_blocks)
        )
        self.recurrent = (
            nn.GRU(config.dim, config.dim // 2, batch_first=True, bidirectional=True)
            if config.recurrent
            else None
        )
        self.norm = nn.LayerNorm(config.dim)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, inputs: Spectrograms) -> Memory:
        """Encode recordings; keys and values are the same."""
        hidden, mask = self.strided(inputs.frames, inputs.mask)
        for block in self.blocks:
            hidden = block(hidden, mask)
        if self.recurrent is not None:
            hidden = hidden + self._recur(self.recurrent, self.dropout(hidden), mask)
        found = self.dropout(self.norm(hidden)) * mask.unsqueeze(-1)
        layout = TimeLayout(HOP_S * 2**self.config.num_strides)
        return Memory(keys=found, values=found, mask=mask, layout=layout)

    @staticmethod
    def _recur(
        layer: nn.GRU, hidden: Float[Tensor, "batch source dim"], mask: Bool[Tensor, "batch source"]
    ) -> Float[Tensor, "batch source dim"]:
        """Read each recording forwards and backwards, without its padding."""
        lengths = mask.sum(1).cpu()
        packed = nn.utils.rnn.pack_padded_sequence(
            hidden, lengths, batch_first=True, enforce_sorted=False
        )
        output, _ = nn.utils.rnn.pad_packed_sequence(
            layer(packed)[0], batch_first=True, total_length=hidden.shape[1]
        )
        return output
