"""The length penalty, by which `beam`, `backtrace` and `sampling` divide log-probabilities."""

import torch
from jaxtyping import Float
from torch import Tensor

from captioner.config import SearchConfig


def length_divisors(options: SearchConfig, device: torch.device) -> Float[Tensor, " length"]:
    """Return what a log-probability is divided by before texts are ranked.

    There is one divisor for each length of 1 to `max_length` words and EOS.

    Source:
        Wu et al. 2016, arXiv:1609.08144, equation 14, with |Y| in the place of (5 + |Y|) / 6, where
        |Y| counts EOS.
    """
    lengths = torch.arange(1, options.max_length + 2, dtype=torch.float64, device=device)
    return (lengths**options.length_penalty).clamp(max=torch.finfo(torch.float32).max).float()
