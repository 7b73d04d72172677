"""A decoder that names what a photo's classifier sees, made of one that knows nothing of it."""

from dataclasses import dataclass, replace
from functools import cache
from typing import Generic

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from captioner.concepts.habits import Habits
from captioner.concepts.likeness import Likeness
from captioner.concepts.seen import Seen
from captioner.concepts.table import CATEGORIES, concepts, names
from captioner.errors import ModelError
from captioner.memory import Memory
from captioner.search.contract import Decoder, StateT

# The classes know nearly every animal that is photographed: one that is not seen is hardly there.
WELL_KNOWN = CATEGORIES.index("animal")
# But it may be taken for another, so much of the time, ...
MISTAKEN = 0.1
# ... or be overlooked.
OVERLOOKED = 0.005
# A noun keeps at least this share beside a name of its category that is surely seen.
LEFT_OVER = 1e-4


@dataclass(frozen=True)
class NamingState(Generic[StateT]):
    """Where the decoder within stands, and what the search of a photo needs to know of its names.

    Attributes:
        inner: The state of the decoder within.
        written: Which of the photo's names each row has written, `[rows, names]`.
        known: Log-probability that what each noun says is there, `[items, nouns]`.
    """

    inner: StateT
    written: Bool[Tensor, "rows names"]
    known: Float[Tensor, "items nouns"]

    def reorder(self, index: Int[Tensor, " rows"]) -> "NamingState[StateT]":
        """Return the state of the rows at `index`; each row may only take the place of one of the same item."""
        return replace(self, inner=self.inner.reorder(index), written=self.written[index])

    def select(self, items: Int[Tensor, " selected"]) -> "NamingState[StateT]":
        """Return the state of all rows of the items at `items`."""
        by_item = self.written.reshape(len(self.known), -1, self.written.shape[1])
        return NamingState(self.inner.select(items), by_item[items].flatten(0, 1), self.known[items])


class NamingDecoder(Generic[StateT]):
    """Has the verbs of the decoder within; ids of names' forms follow those of its words.

    A name is as likely as the nouns that it is like, times the probability that it is there and worth a word, times a
    bonus where captions are not used to it. It is written once in a caption, and the decoder within then reads the noun
    that stands in for it. Nouns of its category share what is left.

    Args:
        decoder: Writes words.
        num_words: Size of its vocabulary.
        likeness: Of its nouns and the names.
        habits: How captions speak of what the classifier sees.

    Source:
        Hendricks et al. 2016, arXiv:1511.05284, section 3.3: a word that no caption has takes the place of one like it.
    """

    def __init__(self, decoder: Decoder[StateT], num_words: int, likeness: Likeness, habits: Habits) -> None:
        self._decoder = decoder
        self._num_words = num_words
        self._likeness = likeness
        self._habits = habits

    def start(self, memory: Memory, rows_per_item: int, /) -> NamingState[StateT]:
        """Return the state before the first word.

        Raises:
            ModelError: The memory does not tell what its source shows.
        """
        seen, likeness = _seen(memory), self._likeness
        written = seen.mask.new_zeros(len(memory) * rows_per_item, seen.mask.shape[1])
        evidence = seen.classes @ likeness.classes.T.to(seen.classes.device)
        is_known = (likeness.categories == WELL_KNOWN).to(evidence.device)
        of_category = seen.classes[:, _well_known_classes().to(evidence.device)].sum(1, keepdim=True)
        known = (evidence + MISTAKEN * of_category + OVERLOOKED).clamp(max=1).log() * is_known
        return NamingState(self._decoder.start(memory, rows_per_item), written, known)

    def step(
        self, token_ids: Int[Tensor, " rows"], state: NamingState[StateT], memory: Memory, /
    ) -> tuple[Float[Tensor, "rows all"], NamingState[StateT], Float[Tensor, "rows source"]]:
        """Read one word or name a row; return the next one's logits, the new state and where the decoder looked."""
        seen, rows_per_item = _seen(memory), len(token_ids) // len(memory)
        is_name = token_ids >= self._num_words
        form = (token_ids - self._num_words).clamp(min=0)
        read = self._likeness.read_as.to(token_ids.device)[form].where(is_name, token_ids)
        logits, inner, attention_weights = self._decoder.step(read, state.inner, memory)

        name_ids = seen.name_ids.repeat_interleave(rows_per_item, 0)
        written = state.written | ((name_ids == form.unsqueeze(1) // 2) & is_name.unsqueeze(1))
        trust, bonus = (table.to(token_ids.device) for table in (self._habits.trust, self._habits.bonus))
        there = (seen.probabilities * seen.mask * trust[seen.name_ids]).repeat_interleave(rows_per_item, 0) * ~written
        known = state.known.repeat_interleave(rows_per_item, 0)
        words = logits.index_add(1, self._noun_ids(logits), known + self._left_over(name_ids, there))
        named = self._named(logits, name_ids, there, bonus[name_ids])
        # What it knows of nouns side by side is of words, not of names: behind a name something else begins.
        named[is_name] = -torch.inf
        words[is_name] = words[is_name].index_fill(1, self._noun_ids(logits), -torch.inf)
        return torch.cat([words, named], 1), replace(state, inner=inner, written=written), attention_weights

    def _noun_ids(self, logits: Float[Tensor, "rows vocab"]) -> Int[Tensor, " nouns"]:
        return self._likeness.token_ids.to(logits.device)

    def _named(
        self,
        logits: Float[Tensor, "rows vocab"],
        name_ids: Int[Tensor, "rows names"],
        there: Float[Tensor, "rows names"],
        bonus: Float[Tensor, "rows names"],
    ) -> Float[Tensor, "rows forms"]:
        """Return the logits of all forms: of those of a photo's names, as much as the nouns have that they are like."""
        forms = torch.stack([2 * name_ids, 2 * name_ids + 1], 2).flatten(1)
        nouns = logits[:, self._noun_ids(logits)]
        greatest = nouns.amax(1, keepdim=True)
        alike = self._likeness.to_forms.to(logits.device)[forms]
        mass = (alike @ (nouns - greatest).exp().unsqueeze(2)).squeeze(2) * there.repeat_interleave(2, 1)
        named = logits.new_full((len(logits), len(self._likeness.to_forms)), -torch.inf)
        return named.scatter(1, forms, mass.log() + greatest + bonus.repeat_interleave(2, 1))

    def _left_over(
        self, name_ids: Int[Tensor, "rows names"], there: Float[Tensor, "rows names"]
    ) -> Float[Tensor, "rows nouns"]:
        """Return the logarithm of what names leave to each noun of their categories."""
        taken = there.new_zeros(len(there), len(CATEGORIES))
        taken.scatter_add_(1, _categories_of_names().to(there.device)[name_ids], there)
        return (1 - taken).clamp(min=LEFT_OVER).log()[:, self._likeness.categories.to(there.device)]


def _seen(memory: Memory) -> Seen:
    if memory.seen is None:
        raise ModelError("the encoder tells no names: set encoder.concepts")
    return memory.seen


@cache
def _categories_of_names() -> Int[Tensor, " names"]:
    return torch.tensor([CATEGORIES.index(name.category) for name in names()])


@cache
def _well_known_classes() -> Int[Tensor, " classes"]:
    found = [index for index, one in enumerate(concepts()) if one.category == CATEGORIES[WELL_KNOWN]]
    return torch.tensor(found)
