"""Finds word ids for a memory: greedy, beam, diverse and constrained search, nucleus sampling."""

from collections.abc import Collection, Sequence

from captioner.config import SearchConfig
from captioner.modules.arrays import inference, integers, library
from captioner.modules.memory import Memory
from captioner.search.beam import beam_search
from captioner.search.constraint_states import ConstraintStates
from captioner.search.constraints import Constraints
from captioner.search.contract import Decoder, DecoderState, Hypothesis, StateT
from captioner.search.sampling import sample

__all__ = ["Decoder", "DecoderState", "Hypothesis", "search"]


def search(
    decoder: Decoder[StateT],
    memory: Memory,
    options: SearchConfig,
    *,
    bos_id: int | Sequence[int],
    eos_id: int,
    forbidden_ids: Sequence[int] = (),
    required_ids: Sequence[Collection[int]] = (),
    once_ids: Sequence[int] = (),
    begin_ids: Sequence[int] = (),
) -> list[list[Hypothesis]]:
    """Find `options.num_captions` hypotheses for each item of the memory, best first.

    An item's hypotheses do not depend on the rest of its batch. There are always `num_captions` of
    them: if vocabulary and limits allow fewer distinct ones, the last is repeated. Hypotheses that
    ended come before those that were cut.

    Args:
        decoder: Anything with `start` and `step`.
        memory: The encoder's output, one row per item.
        options: How to search. With `sample`, words are drawn at random; without it, `beam_size`
            and `num_groups` choose between greedy, beam and diverse beam search.
        bos_id: The token that the decoder reads first: one for all items, or one for each, such as
            that of the language to write.
        eos_id: The token that ends a hypothesis.
        forbidden_ids: Tokens that are never written (padding, BOS, unknown, banned words); `eos_id`
            among them is ignored.
        required_ids: For each word that every hypothesis must contain, the tokens that say it. At
            least one of them must not be forbidden. There may be `options.max_length` words at
            most, and none with `sample`.
        once_ids: Words that a hypothesis contains at most once.
        begin_ids: The words that every hypothesis begins with, fewer than `options.max_length`.
            They have the log-probabilities that the decoder gives them, and count in scores and
            lengths.
    """
    if len(memory) == 0:
        return []
    constraints = Constraints.build(
        options, eos_id, forbidden_ids, memory.keys, once_ids, begin_ids
    )
    first_ids = library(memory.keys).broadcast_to(integers(bos_id, memory.keys), (len(memory),))
    with inference(memory.keys):
        if options.sample:
            return sample(decoder, memory, options, constraints, first_ids)
        constraint_states = ConstraintStates.build(required_ids, memory.keys)
        return beam_search(decoder, memory, options, constraints, constraint_states, first_ids)
