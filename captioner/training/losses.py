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


def self_critical_loss(
    logits: Float[Tensor, "rows target vocab"],
    target_output: Int[Tensor, "rows target"],
    pad_id: int,
    advantage: Float[Tensor, " rows"],
) -> Float[Tensor, ""]:
    """Return minus the log-probability of sampled texts, each weighed by its advantage, summed over all words.

    Source:
        Rennie et al. 2017, arXiv:1612.00563, equation 6.
    """
    losses = functional.cross_entropy(
        logits.flatten(0, 1).float(), target_output.flatten(), ignore_index=pad_id, reduction="none"
    )
    return (losses.reshape(target_output.shape).sum(1) * advantage).sum()


def advantages(rewards: Float[Tensor, "batch samples"]) -> Float[Tensor, "batch samples"]:
    """Return by how much each sample's reward is above the mean of the item's other samples.

    Source:
        Luo 2020, arXiv:2003.09971, equation 3.
    """
    return (rewards - rewards.mean(1, keepdim=True)) * rewards.shape[1] / (rewards.shape[1] - 1)


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
