"""Attention: weighs the positions of a memory by how well each one matches a query."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from captioner.errors import ShapeError


def masked_softmax(
    scores: Float[Tensor, "batch target source"], mask: Bool[Tensor, "batch source"]
) -> Float[Tensor, "batch target source"]:
    """Normalise scores over the real positions; a padded position gets a weight of exactly zero.

    Raises:
        ShapeError: Scores and mask differ in batch or source.
    """
    if scores.shape[::2] != mask.shape:
        raise ShapeError(
            f"attention: scores {tuple(scores.shape)} do not fit the mask {tuple(mask.shape)}"
        )
    real = mask.unsqueeze(1)
    # The type's lowest number instead of -inf: so a row without real positions gets weights of 0
    # rather than NaN.
    weights = scores.masked_fill(~real, torch.finfo(scores.dtype).min).softmax(-1)
    return weights * real


class AdditiveAttention(nn.Module):
    """Scores by a small network: v · tanh(W query + U key).

    Args:
        query_dim: Width of a query.
        key_dim: Width of a key.
        attention_dim: Width to which both are projected.

    Source:
        Bahdanau et al. 2015, arXiv:1409.0473, appendix A.1.2; no bias on the score.
    """

    def __init__(self, query_dim: int, key_dim: int, attention_dim: int) -> None:
        super().__init__()
        self.query = nn.Linear(query_dim, attention_dim)
        self.key = nn.Linear(key_dim, attention_dim, bias=False)
        self.score = nn.Linear(attention_dim, 1, bias=False)

    def project_keys(
        self, keys: Float[Tensor, "batch source key_dim"]
    ) -> Float[Tensor, "batch source attention_dim"]:
        """Compute U key, once for all queries."""
        return self.key(keys)  # type: ignore[no-any-return]

    def forward(
        self,
        query: Float[Tensor, "batch target query_dim"],
        projected_keys: Float[Tensor, "batch source attention_dim"],
        mask: Bool[Tensor, "batch source"],
    ) -> Float[Tensor, "batch target source"]:
        """Return the weights; each row with a real position sums to 1."""
        meeting = torch.tanh(self.query(query).unsqueeze(2) + projected_keys.unsqueeze(1))
        return masked_softmax(self.score(meeting).squeeze(-1), mask)


class DotProductAttention(nn.Module):
    """Scores by a scaled product: (W query) · key / sqrt(key_dim).

    A projection of the keys would add nothing: W can absorb it.

    Args:
        query_dim: Width of a query.
        key_dim: Width of a key.

    Source:
        Vaswani et al. 2017, arXiv:1706.03762, equation 1, with one head.
    """

    def __init__(self, query_dim: int, key_dim: int) -> None:
        super().__init__()
        self.query = nn.Linear(query_dim, key_dim)
        self.scale = key_dim**-0.5

    def project_keys(
        self, keys: Float[Tensor, "batch source key_dim"]
    ) -> Float[Tensor, "batch source key_dim"]:
        """Return the keys as they are."""
        return keys

    def forward(
        self,
        query: Float[Tensor, "batch target query_dim"],
        projected_keys: Float[Tensor, "batch source key_dim"],
        mask: Bool[Tensor, "batch source"],
    ) -> Float[Tensor, "batch target source"]:
        """Return the weights; each row with a real position sums to 1."""
        scores = self.query(query) @ projected_keys.transpose(1, 2) * self.scale
        return masked_softmax(scores, mask)
