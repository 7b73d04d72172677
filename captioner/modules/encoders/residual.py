"""A residual convolution over time, used by the encoders of speech and of clips."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn


class ResidualBlock(nn.Module):
    """Norm, a convolution over time, and a residual; padding is zero before the convolution."""

    def __init__(self, dim: int, kernel_size: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(dim)
        self.convolution = nn.Conv1d(dim, dim, kernel_size, padding=kernel_size // 2)
        self.widen = nn.Linear(dim, dim)
        self.dropout = nn.Dropout(dropout)

    def forward(
        self, hidden: Float[Tensor, "batch source dim"], mask: Bool[Tensor, "batch source"]
    ) -> Float[Tensor, "batch source dim"]:
        """Return the block's output at every position."""
        inputs = self.norm(hidden) * mask.unsqueeze(-1)
        convolved = torch.relu(self.convolution(inputs.transpose(1, 2))).transpose(1, 2)
        output: Tensor = hidden + self.dropout(self.widen(convolved))
        return output
