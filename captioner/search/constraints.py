"""Rules for the next word: logits to log-probabilities, with -inf for words that are ruled out."""

from collections.abc import Sequence
from dataclasses import dataclass

from jaxtyping import Float, Int

from captioner.config import SearchConfig
from captioner.modules.arrays import Array, add_at, integers, library, log_softmax

# The log-probability of a word that the model rules out (-inf, NaN). It is less than that of any
# real text, but unlike -inf a last resort where all other words are forbidden.
FLOOR = -1e4


@dataclass(frozen=True)
class Constraints:
    """The rules that hold for every hypothesis.

    Attributes:
        eos_id: The token that ends a hypothesis.
        forbidden_ids: Words that are never written.
        min_length: EOS is forbidden before so many words.
        no_repeat_ngram_size: No run of so many words occurs twice; 0 allows all.
        once_ids: Words that occur once at most.
        begin_ids: The words that every hypothesis begins with, whatever the other rules say.
    """

    eos_id: int
    forbidden_ids: Int[Array, " forbidden"]
    min_length: int
    no_repeat_ngram_size: int
    once_ids: Int[Array, " once"]
    begin_ids: tuple[int, ...] = ()

    @classmethod
    def build(
        cls,
        options: SearchConfig,
        eos_id: int,
        forbidden_ids: Sequence[int],
        like: Array,
        once_ids: Sequence[int] = (),
        begin_ids: Sequence[int] = (),
    ) -> "Constraints":
        """Take the rules from the options; `like` is an array of the search's kind."""
        forbidden, once = (
            integers(sorted(set(ids) - {eos_id}), like) for ids in (forbidden_ids, once_ids)
        )
        ngram_size = options.no_repeat_ngram_size
        return cls(eos_id, forbidden, options.min_length, ngram_size, once, tuple(begin_ids))

    def log_probs(
        self, logits: Float[Array, "rows vocab"], prefixes: Int[Array, "rows length"]
    ) -> Float[Array, "rows vocab"]:
        """Return the next word's log-probabilities in float32, with -inf for forbidden words.

        They come from the softmax of the raw logits: forbidding a word does not renormalise. EOS is
        not allowed before `min_length`, nor where the model rules it out, unless there is no other
        word. No row holds NaN, and none is all -inf. Within the given beginning, only its next word
        is allowed.
        """
        xp = library(logits)
        log_probs = xp.nan_to_num(xp.clip(log_softmax(logits), FLOOR, None), nan=FLOOR)
        if (length := prefixes.shape[1]) < len(self.begin_ids):
            given = self.begin_ids[length]
            only = xp.full_like(log_probs, -xp.inf)
            only[:, given] = log_probs[:, given]
            return only
        log_probs[:, self.forbidden_ids] = -xp.inf
        if len(self.once_ids):
            written = xp.isin(prefixes, self.once_ids)
            add_at(log_probs, prefixes, xp.where(written, -xp.inf, 0.0))
        if self.no_repeat_ngram_size:
            block_repeated_ngrams(log_probs, prefixes, self.no_repeat_ngram_size)
        end = xp.asarray(log_probs[:, self.eos_id], copy=True)
        barred = (end <= FLOOR) | (prefixes.shape[1] < self.min_length)
        if barred.any():
            log_probs[:, self.eos_id] = xp.where(barred, -xp.inf, end)
            stuck = xp.amax(log_probs, -1) == -xp.inf
            log_probs[:, self.eos_id] = xp.where(barred & ~stuck, -xp.inf, end)
        return log_probs


def block_repeated_ngrams(
    log_probs: Float[Array, "rows vocab"], prefixes: Int[Array, "rows length"], size: int
) -> None:
    """Set to -inf, in place, each word that would repeat a run of `size` words of its prefix.

    Source:
        Paulus et al. 2018, arXiv:1705.04304, section 2.5 (there for trigrams).
    """
    xp, length = library(prefixes), prefixes.shape[1]
    if length < size:
        return
    num_runs = length - size + 1
    runs = xp.stack([prefixes[:, first : first + num_runs] for first in range(size)], 2)
    latest = prefixes[:, num_runs:]
    repeats = (runs[..., :-1] == latest[:, None]).all(-1)
    # Added, not set: if a word ends two runs and only one repeats, their order does not matter.
    add_at(log_probs, runs[..., -1], xp.where(repeats, -xp.inf, 0.0))
