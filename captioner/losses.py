"""What training makes small."""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional


def caption_loss(
    logits: Float[Tensor, "rows target vocab"],
    target_output: Int[Tensor, "rows target"],
    pad_id: int,
    label_smoothing: float,
) -> Float[Tensor, ""]:
    """Return the cross-entropy summed over all real words, nats.

    Source:
        Label smoothing: Szegedy et al. 2016, arXiv:1512.00567, section 7.
    """
    return functional.cross_entropy(
        logits.flatten(0, 1).float(),
        target_output.flatten(),
        ignore_index=pad_id,
        label_smoothing=label_smoothing,
        reduction="sum",
    )


def coverage_loss(
    attention_weights: Float[Tensor, "rows target source"],
    target_mask: Bool[Tensor, "rows target"],
    source_mask: Bool[Tensor, "rows source"],
) -> Float[Tensor, ""]:
    """Return how far each position's attention, summed over a caption, is from 1: squared, summed over all rows.

    Source:
        Xu et al. 2015, arXiv:1502.03044, equation 14 (doubly stochastic attention).
    """
    received = (attention_weights * target_mask.unsqueeze(-1)).sum(1)
    return torch.where(source_mask, (1 - received) ** 2, 0.0).sum()
