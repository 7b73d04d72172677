"""Rules for the next word: logits to log-probabilities, with -inf for words that are ruled out."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from captioner.config import SearchConfig

# The log-probability of a word that the model rules out (-inf, NaN): less than that of any real
# text, but unlike -inf still a last resort where all else is forbidden.
FLOOR = -1e4


@dataclass(frozen=True)
class Constraints:
    """The rules that hold for every hypothesis.

    Attributes:
        eos_id: What ends a hypothesis.
        forbidden_ids: Words that are never written.
        min_length: EOS is forbidden before so many words.
        no_repeat_ngram_size: No run of so many words occurs twice; 0 allows all.
        once_ids: Words that occur once at most.
        begin_ids: The words that every hypothesis begins with, whatever the other rules say.
    """

    eos_id: int
    forbidden_ids: Int[Tensor, " forbidden"]
    min_length: int
    no_repeat_ngram_size: int
    once_ids: Int[Tensor, " once"]
    begin_ids: tuple[int, ...] = ()

    @classmethod
    def build(
        cls,
        options: SearchConfig,
        eos_id: int,
        forbidden_ids: Sequence[int],
        device: torch.device,
        once_ids: Sequence[int] = (),
        begin_ids: Sequence[int] = (),
    ) -> "Constraints":
        """Take the rules from the options."""
        ids = sorted(set(forbidden_ids) - {eos_id})
        forbidden = torch.tensor(ids, dtype=torch.long, device=device)
        once = torch.tensor(sorted(set(once_ids) - {eos_id}), dtype=torch.long, device=device)
        ngram_size = options.no_repeat_ngram_size
        return cls(eos_id, forbidden, options.min_length, ngram_size, once, tuple(begin_ids))

    def log_probs(
        self, logits: Float[Tensor, "rows vocab"], prefixes: Int[Tensor, "rows length"]
    ) -> Float[Tensor, "rows vocab"]:
        """Return the next word's log-probabilities in float32, with -inf for what is not allowed.

        They are the softmax of the raw logits: forbidding a word does not renormalise. EOS is not
        allowed before `min_length`, nor where the model rules it out, unless there is no other
        word. No row holds NaN, and none is -inf throughout. Within the beginning, its next word
        alone is allowed.
        """
        log_probs = logits.float().log_softmax(-1).clamp_(min=FLOOR).nan_to_num_(nan=FLOOR)
        if (length := prefixes.shape[1]) < len(self.begin_ids):
            given = self.begin_ids[length]
            return torch.full_like(log_probs, -torch.inf).index_copy_(
                1, torch.tensor([given], device=log_probs.device), log_probs[:, given : given + 1]
            )
        log_probs.index_fill_(-1, self.forbidden_ids, -torch.inf)
        if len(self.once_ids):
            written = torch.isin(prefixes, self.once_ids)
            penalty = torch.zeros_like(prefixes, dtype=log_probs.dtype).masked_fill_(
                written, -torch.inf
            )
            log_probs.scatter_add_(1, prefixes, penalty)
        if self.no_repeat_ngram_size:
            block_repeated_ngrams(log_probs, prefixes, self.no_repeat_ngram_size)
        end = log_probs[:, self.eos_id].clone()
        barred = (end <= FLOOR) | (prefixes.shape[1] < self.min_length)
        if barred.any():
            log_probs[:, self.eos_id] = end.masked_fill(barred, -torch.inf)
            stuck = log_probs.amax(-1) == -torch.inf
            log_probs[:, self.eos_id] = end.masked_fill(barred & ~stuck, -torch.inf)
        return log_probs


def block_repeated_ngrams(
    log_probs: Float[Tensor, "rows vocab"], prefixes: Int[Tensor, "rows length"], size: int
) -> None:
    """Set in place to -inf each word that would repeat a run of `size` words of its prefix.

    Source:
        Paulus et al. 2018, arXiv:1705.04304, section 2.5 (there for trigrams).
    """
    length = prefixes.shape[1]
    if length < size:
        return
    runs = prefixes.unfold(1, size, 1)
    latest = prefixes[:, length - size + 1 :]
    repeats = (runs[..., :-1] == latest.unsqueeze(1)).all(-1)
    # Added, not set: where a word closes two runs, of which one repeats, it does not matter which
    # comes last.
    penalty = torch.zeros_like(repeats, dtype=log_probs.dtype).masked_fill_(repeats, -torch.inf)
    log_probs.scatter_add_(1, runs[..., -1], penalty)
