"""Nucleus sampling: draws each word from the likeliest ones, of joint probability `top_p`."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from captioner.config import SearchConfig
from captioner.modules.memory import Memory
from captioner.search.candidates import top_k
from captioner.search.constraints import Constraints
from captioner.search.contract import (
    Decoder,
    Hypothesis,
    Paths,
    StateT,
    best_first,
)
from captioner.search.length_penalty import length_divisors


def sample(
    decoder: Decoder[StateT],
    memory: Memory,
    options: SearchConfig,
    constraints: Constraints,
    first_ids: Int[Tensor, " batch"],
) -> list[list[Hypothesis]]:
    """Draw `num_captions` texts for each item and return them best first.

    The random numbers are those of `seed`, one for each caption and word, and the same ones for
    every item: what is drawn for an item depends neither on its batch mates nor on the device.
    Without a seed every item has its own, from torch's generator.
    """
    batch, num_captions, device = len(memory), options.num_captions, memory.keys.device
    if options.seed is None:
        uniform = torch.rand(options.max_length + 1, batch * num_captions, device=device)
    else:
        generator = torch.Generator().manual_seed(options.seed)
        uniform = (
            torch.rand(options.max_length + 1, num_captions, generator=generator)
            .to(device)
            .repeat(1, batch)
        )
    state = decoder.start(memory, num_captions)

    token_ids = first_ids.repeat_interleave(num_captions)
    prefixes = token_ids.new_empty(len(token_ids), 0)
    ended = torch.zeros_like(token_ids, dtype=torch.bool)
    token_log_probs, looked_at = [], []
    for position in range(options.max_length + 1):
        logits, state, attention_weights = decoder.step(token_ids, state, memory)
        allowed = constraints.log_probs(logits, prefixes)
        token_ids = draw(allowed, uniform[position], options.temperature, options.top_p)
        token_log_probs.append(allowed.gather(1, token_ids.unsqueeze(1)))
        looked_at.append(attention_weights)
        prefixes = torch.cat([prefixes, token_ids.unsqueeze(1)], 1)
        ended |= token_ids == constraints.eos_id
        if ended.all():
            break
    divisors = length_divisors(options, device)
    paths = rank(
        prefixes,
        torch.cat(token_log_probs, 1),
        torch.stack(looked_at, 1),
        divisors,
        constraints.eos_id,
        batch,
    )
    return paths.to_hypotheses()


def draw(
    log_probs: Float[Tensor, "rows vocab"],
    uniform: Float[Tensor, " rows"],
    temperature: float,
    top_p: float,
) -> Int[Tensor, " rows"]:
    """Draw a word of each row's nucleus by inverting its cumulative distribution at `uniform`.

    `uniform` is from 0 to 1, 1 excluded.

    The nucleus is the smallest set of words, taken in the order of their probability, that has at
    least `top_p` of it.

    Source:
        Holtzman et al. 2020, arXiv:1904.09751, equations 2 and 3.
    """
    probs = (log_probs / temperature).softmax(-1)
    if top_p == 1:  # in any order
        cumulative = probs.cumsum(-1)
        return torch.searchsorted(
            cumulative, (uniform * cumulative[:, -1]).unsqueeze(1), right=True
        ).squeeze(1)
    likeliest, words = top_k(
        probs, 256
    )  # nearly always enough, and a fifth of the time of sorting a vocabulary
    if (likeliest.sum(-1) < top_p).any():
        likeliest, words = probs.sort(dim=-1, descending=True, stable=True)
    cumulative = likeliest.cumsum(-1)
    size = 1 + (cumulative[:, :-1] < top_p).sum(-1, keepdim=True)
    mass = cumulative.gather(1, size - 1)
    rank = (cumulative <= uniform.unsqueeze(1) * mass).sum(-1, keepdim=True)
    return words.gather(1, rank).squeeze(1)


def rank(
    token_ids: Int[Tensor, "rows target"],
    token_log_probs: Float[Tensor, "rows target"],
    attention_weights: Float[Tensor, "rows target source"],
    divisors: Float[Tensor, " length"],
    eos_id: int,
    batch: int,
) -> Paths:
    """Cut the texts at their first EOS, or before the last position, and sort each item's."""
    is_end = token_ids == eos_id
    finished = is_end.any(1)
    last = token_ids.shape[1] - 1
    lengths = torch.where(finished, is_end.long().argmax(1), last)
    counted = torch.arange(last + 1, device=lengths.device) < (lengths + finished.long()).unsqueeze(
        1
    )
    log_probs = token_log_probs.where(counted, 0).sum(1)
    scores = log_probs / divisors[(lengths + finished.long() - 1).clamp(min=0)]
    order = best_first(scores.reshape(batch, -1), finished.reshape(batch, -1))

    def sorted_by_item(rows: Tensor) -> Tensor:
        first = torch.arange(batch, device=rows.device).unsqueeze(1) * order.shape[1]
        return rows[first + order]

    fields = (token_ids, token_log_probs, attention_weights, lengths, log_probs, scores, finished)
    return Paths(*map(sorted_by_item, fields))
