"""Nucleus sampling: draws each word from the likeliest ones, with joint probability `top_p`."""

import numpy as np
from jaxtyping import Float, Int

from captioner.config import SearchConfig
from captioner.modules.arrays import Array, argsort, library, repeat, softmax, take, top_k
from captioner.modules.memory import Memory
from captioner.search.constraints import Constraints
from captioner.search.contract import Decoder, Hypothesis, Paths, StateT, best_first
from captioner.search.length_penalty import length_divisors


def sample(
    decoder: Decoder[StateT],
    memory: Memory,
    options: SearchConfig,
    constraints: Constraints,
    first_ids: Int[Array, " batch"],
) -> list[list[Hypothesis]]:
    """Draw `num_captions` texts for each item, and return them best first.

    The random numbers come from `seed`, one for each caption and word, and are the same for every
    item. So an item's texts depend neither on the rest of its batch nor on the device. Without a
    seed, every item has its own random numbers, from the library's generator.
    """
    xp, batch, num_captions = library(memory.keys), len(memory), options.num_captions
    uniform = uniform_numbers(options, batch, memory.keys)
    state = decoder.start(memory, num_captions)

    token_ids = repeat(first_ids, num_captions)
    prefixes = xp.zeros_like(token_ids)[:, None][:, :0]
    ended = xp.zeros_like(token_ids, dtype=xp.bool)
    token_log_probs, attention = [], []
    for position in range(options.max_length + 1):
        logits, state, attention_weights = decoder.step(token_ids, state, memory)
        allowed = constraints.log_probs(logits, prefixes)
        token_ids = draw(allowed, uniform[position], options.temperature, options.top_p)
        token_log_probs.append(take(allowed, token_ids[:, None], 1))
        attention.append(attention_weights)
        prefixes = xp.concatenate([prefixes, token_ids[:, None]], 1)
        ended |= token_ids == constraints.eos_id
        if ended.all():
            break
    divisors = length_divisors(options, memory.keys)
    paths = rank(
        prefixes,
        xp.concatenate(token_log_probs, 1),
        xp.stack(attention, 1),
        divisors,
        constraints.eos_id,
        batch,
    )
    return paths.to_hypotheses()


def uniform_numbers(
    options: SearchConfig, batch: int, like: Array
) -> Float[Array, "positions rows"]:
    """Return random numbers from 0 to 1, 1 excluded, in the library and on the device of `like`.

    A seed gives the same numbers in both libraries.
    """
    xp, positions = library(like), options.max_length + 1
    if options.seed is not None:
        shape = positions, options.num_captions
        seed = options.seed % 2**64  # numpy takes no negative seeds; torch maps them like this
        drawn = np.random.default_rng(seed).random(shape, np.float32)
        return xp.asarray(np.tile(drawn, (1, batch)), device=like.device)
    shape = positions, batch * options.num_captions
    if isinstance(like, np.ndarray):
        return np.random.default_rng().random(shape, np.float32)
    return xp.rand(shape, device=like.device)


def draw(
    log_probs: Float[Array, "rows vocab"],
    uniform: Float[Array, " rows"],
    temperature: float,
    top_p: float,
) -> Int[Array, " rows"]:
    """Draw a word of each row's nucleus by inverting its cumulative distribution at `uniform`.

    `uniform` is from 0 to 1, 1 excluded.

    The nucleus is the smallest set of likeliest words whose joint probability is at least `top_p`.

    Source:
        Holtzman et al. 2020, arXiv:1904.09751, equations 2 and 3.
    """
    probs = softmax(log_probs / temperature)
    if top_p == 1:  # all words, which need no sorting
        cumulative = probs.cumsum(-1)
        return (cumulative <= (uniform * cumulative[:, -1])[:, None]).sum(-1)
    # 256 are nearly always enough, and take a fifth of the time of sorting a vocabulary.
    likeliest, words = top_k(probs, 256)
    if (likeliest.sum(-1) < top_p).any():
        words = argsort(probs, descending=True)
        likeliest = take(probs, words, -1)
    cumulative = likeliest.cumsum(-1)
    size = 1 + (cumulative[:, :-1] < top_p).sum(-1)[:, None]
    mass = take(cumulative, size - 1, 1)
    rank = (cumulative <= uniform[:, None] * mass).sum(-1)[:, None]
    return take(words, rank, 1)[:, 0]


def rank(
    token_ids: Int[Array, "rows target"],
    token_log_probs: Float[Array, "rows target"],
    attention_weights: Float[Array, "rows target source"],
    divisors: Float[Array, " length"],
    eos_id: int,
    batch: int,
) -> Paths:
    """Cut each text at its first EOS, or before the last position, and sort the texts by item."""
    xp, is_end = library(token_ids), token_ids == eos_id
    finished, last = is_end.any(1), token_ids.shape[1] - 1
    lengths = xp.where(finished, xp.where(is_end, 1, 0).argmax(1), last)
    counts = xp.where(finished, lengths + 1, lengths)
    counted = xp.arange(last + 1, device=lengths.device) < counts[:, None]
    log_probs = xp.where(counted, token_log_probs, 0.0).sum(1)
    scores = log_probs / divisors[xp.clip(counts - 1, 0, None)]
    order = best_first(scores.reshape(batch, -1), finished.reshape(batch, -1))

    def sorted_by_item(rows: Array) -> Array:
        first = xp.arange(batch, device=rows.device)[:, None] * order.shape[1]
        return rows[first + order]

    fields = (token_ids, token_log_probs, attention_weights, lengths, log_probs, scores, finished)
    return Paths(*map(sorted_by_item, fields))
