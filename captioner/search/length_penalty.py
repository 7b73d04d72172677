"""The length penalty: `beam`, `backtrace` and `sampling` divide log-probabilities by it."""

from jaxtyping import Float

from captioner.config import SearchConfig
from captioner.modules.arrays import Array, library


def length_divisors(options: SearchConfig, like: Array) -> Float[Array, " length"]:
    """Return the numbers by which log-probabilities are divided before texts are ranked.

    There is one divisor for each length from 1 to `max_length` words and EOS, in the library and
    on the device of `like`.

    Source:
        Wu et al. 2016, arXiv:1609.08144, equation 14, with |Y| in the place of (5 + |Y|) / 6, where
        |Y| counts EOS.
    """
    xp = library(like)
    lengths = xp.arange(1, options.max_length + 2, dtype=xp.float64, device=like.device)
    divisors = xp.clip(lengths**options.length_penalty, None, xp.finfo(xp.float32).max)
    return xp.asarray(divisors, dtype=xp.float32)
