"""The text encoder: gated convolutions over token embeddings give keys and values."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from captioner.config import TextEncoderConfig
from captioner.errors import ShapeError
from captioner.modules.encoders.contract import Encoder
from captioner.modules.memory import Memory, TokenLayout
from captioner.preprocess.text import SourceTokens


class GatedConvolution(nn.Module):
    """One layer: norm, a convolution of twice the width, a gated linear unit, and a residual.

    Padding is set to zero before each convolution, so it does not change real positions.

    Source:
        Gehring et al. 2017, arXiv:1705.03122, section 3.2, but with the norm before the
        convolution, as in today's residual networks.
    """

    def __init__(self, dim: int, kernel_size: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(dim)
        self.convolution = nn.Conv1d(dim, 2 * dim, kernel_size, padding=kernel_size // 2)
        self.dropout = nn.Dropout(dropout)

    def forward(
        self, hidden: Float[Tensor, "batch source dim"], mask: Bool[Tensor, "batch source"]
    ) -> Float[Tensor, "batch source dim"]:
        """Return the layer's output at every position."""
        inputs = self.norm(hidden) * mask.unsqueeze(-1)
        gated = nn.functional.glu(self._convolved(inputs), -1)
        output: Tensor = hidden + self.dropout(gated)
        return output

    def _convolved(
        self, inputs: Float[Tensor, "batch source dim"]
    ) -> Float[Tensor, "batch source channels"]:
        """Return `self.convolution` of the inputs, computed as one matrix product.

        On a CPU this trains twice as fast.
        """
        length, size = inputs.shape[1], self.convolution.kernel_size[0]
        padded = nn.functional.pad(inputs, (0, 0, size // 2, size // 2))
        neighbours = torch.cat([padded[:, start : start + length] for start in range(size)], -1)
        weight = self.convolution.weight.transpose(1, 2).flatten(1)
        return nn.functional.linear(neighbours, weight, self.convolution.bias)


class TextEncoder(Encoder):
    """Encodes sentences.

    Args:
        config: Its widths and depth.
        vocab_size: Number of tokens of the source.
        pad_id: The padding token, whose embedding stays zero.

    Source:
        Convolutions with position embeddings, one stack for keys and another reading for values:
        Gehring et al. 2016, arXiv:1611.02344, section 3. Here one stack serves both, and values get
        the token's own embedding back: Gehring et al. 2017, arXiv:1705.03122, equation 2.
    """

    def __init__(self, config: TextEncoderConfig, vocab_size: int, pad_id: int) -> None:
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(vocab_size, config.embedding_dim, padding_idx=pad_id)
        self.positions = nn.Embedding(config.max_positions, config.embedding_dim)
        self.widen = nn.Linear(config.embedding_dim, config.dim)
        self.layers = nn.ModuleList(
            GatedConvolution(config.dim, config.kernel_size, config.dropout)
            for _ in range(config.num_layers)
        )
        self.norm = nn.LayerNorm(config.dim)
        self.keys = nn.Linear(config.dim, config.dim)
        self.values = nn.Linear(config.dim, config.dim)
        self.dropout = nn.Dropout(config.dropout)
        nn.init.normal_(self.embedding.weight, std=config.embedding_dim**-0.5)
        nn.init.normal_(self.positions.weight, std=config.embedding_dim**-0.5)
        with torch.no_grad():
            self.embedding.weight[pad_id].zero_()

    def forward(self, inputs: SourceTokens) -> Memory:
        """Encode sentences.

        Raises:
            ShapeError: A sentence has more tokens than the encoder has positions.
        """
        length = inputs.token_ids.shape[1]
        if length > self.config.max_positions:
            raise ShapeError(
                f"a source of {length} tokens: the encoder has {self.config.max_positions}"
                " positions"
            )
        places = self.positions.weight[:length]
        embedded = self.widen(self.dropout(self.embedding(inputs.token_ids) + places))
        hidden = embedded
        for layer in self.layers:
            hidden = layer(hidden, inputs.mask)
        found = self.dropout(self.norm(hidden))
        real = inputs.mask.unsqueeze(-1)
        keys, values = self.keys(found) * real, self.values(found + embedded) * real
        return Memory(keys=keys, values=values, mask=inputs.mask, layout=TokenLayout())
