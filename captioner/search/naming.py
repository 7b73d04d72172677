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
from captioner.modules.memory import Memory
from captioner.search.contract import Decoder, StateT

# The classes know nearly every animal that is photographed: one that is not seen is hardly there.
WELL_KNOWN = CATEGORIES.index("animal")
# But it may be taken for another, so much of the time, ...
MISTAKEN = 0.02
# ... or be overlooked.
OVERLOOKED = 0.005
# A noun keeps at least this share beside a name of its category that is surely seen.
LEFT_OVER = 1e-4


@dataclass(frozen=True)
class Named:
    """What is known of each photo's names before the first word.

    Attributes:
        name_ids: The names, `[items, names]`.
        there: How likely each is there and worth a word.
        bonus: In nats, of each.
        known: Log-probability that what each noun says is there, `[items, nouns]`.
        alike: How like each noun is to each form, two a name, `[items, nouns, forms]`.
    """

    name_ids: Int[Tensor, "items names"]
    there: Float[Tensor, "items names"]
    bonus: Float[Tensor, "items names"]
    known: Float[Tensor, "items nouns"]
    alike: Float[Tensor, "items nouns forms"]

    def select(self, items: Int[Tensor, " selected"]) -> "Named":
        """Return what is known of the photos at `items`."""
        return Named(self.name_ids[items], self.there[items], self.bonus[items], self.known[items], self.alike[items])


@dataclass(frozen=True)
class NamingState(Generic[StateT]):
    """Where the decoder within stands, and what the search of a photo needs to know of its names.

    Attributes:
        inner: The state of the decoder within.
        written: Which of the photo's names each row has written, `[rows, names]`.
        named: What is known of the photos.
    """

    inner: StateT
    written: Bool[Tensor, "rows names"]
    named: Named

    def reorder(self, index: Int[Tensor, " rows"]) -> "NamingState[StateT]":
        """Return the state of the rows at `index`; each row may only take the place of one of the same item."""
        return replace(self, inner=self.inner.reorder(index), written=self.written[index])

    def select(self, items: Int[Tensor, " selected"]) -> "NamingState[StateT]":
        """Return the state of all rows of the items at `items`."""
        by_item = self.written.reshape(len(self.named.there), -1, self.written.shape[1])
        return NamingState(self.inner.select(items), by_item[items].flatten(0, 1), self.named.select(items))


class NamingDecoder(Generic[StateT]):
    """Has the verbs of the decoder within; ids of names' forms follow those of its words.

    A name is as likely as the nouns that it is like, times the probability that it is there and worth a word, times a
    bonus. It is written once in a caption, and the decoder within then reads the noun that stands in for it. Nouns of
    its category share what is left.

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
        device = seen.classes.device
        evidence = seen.classes @ likeness.classes.T.to(device)
        is_known = (likeness.categories == WELL_KNOWN).to(device)
        of_category = seen.classes[:, _well_known_classes().to(device)].sum(1, keepdim=True)
        forms = torch.stack([2 * seen.name_ids, 2 * seen.name_ids + 1], 2).flatten(1)
        named = Named(
            seen.name_ids,
            self._habits.worth(seen),
            self._habits.bonus.to(device)[seen.name_ids],
            known=(evidence + MISTAKEN * of_category + OVERLOOKED).clamp(max=1).log() * is_known,
            alike=likeness.to_forms.to(device)[forms].transpose(1, 2),
        )
        written = seen.mask.new_zeros(len(memory) * rows_per_item, seen.mask.shape[1])
        return NamingState(self._decoder.start(memory, rows_per_item), written, named)

    def step(
        self, token_ids: Int[Tensor, " rows"], state: NamingState[StateT], memory: Memory, /
    ) -> tuple[Float[Tensor, "rows all"], NamingState[StateT], Float[Tensor, "rows source"]]:
        """Read one word or name a row; return the next one's logits, the new state and where the decoder looked."""
        is_name = token_ids >= self._num_words
        form = (token_ids - self._num_words).clamp(min=0)
        read = self._likeness.read_as.to(token_ids.device)[form].where(is_name, token_ids)
        logits, inner, attention_weights = self._decoder.step(read, state.inner, memory)

        rows_per_item = len(token_ids) // len(memory)
        name_ids = state.named.name_ids.repeat_interleave(rows_per_item, 0)
        written = state.written | ((name_ids == form.unsqueeze(1) // 2) & is_name.unsqueeze(1))
        there = state.named.there.repeat_interleave(rows_per_item, 0) * ~written
        with_names = self._with_names(logits, is_name, there, state.named)
        return with_names, replace(state, inner=inner, written=written), attention_weights

    def _with_names(
        self,
        logits: Float[Tensor, "rows vocab"],
        is_name: Bool[Tensor, " rows"],
        there: Float[Tensor, "rows names"],
        named: Named,
    ) -> Float[Tensor, "rows all"]:
        """Return the logits of words and forms: a form has as much as the nouns have that it is like."""
        num_words = logits.shape[1]
        noun_ids = self._likeness.token_ids.to(logits.device)
        nouns = logits[:, noun_ids]
        greatest = nouns.amax(1, keepdim=True)
        by_item = (nouns - greatest).exp().reshape(len(named.there), -1, len(noun_ids))
        mass = (by_item @ named.alike).flatten(0, 1) * there.repeat_interleave(2, 1)
        rows_per_item = len(logits) // len(named.there)
        bonus = named.bonus.repeat_interleave(rows_per_item, 0).repeat_interleave(2, 1)
        # What it knows of nouns side by side is of words, not of names: behind a name something else begins.
        behind = is_name.unsqueeze(1)
        of_forms = (mass.log() + greatest + bonus).masked_fill_(behind, -torch.inf)
        changed = nouns + named.known.repeat_interleave(rows_per_item, 0) + self._left_over(named, there)
        together = logits.new_full((len(logits), num_words + len(self._likeness.to_forms)), -torch.inf)
        together[:, :num_words] = logits
        together.index_copy_(1, noun_ids, changed.masked_fill_(behind, -torch.inf))
        ids = 2 * named.name_ids.repeat_interleave(rows_per_item, 0).repeat_interleave(2, 1) + num_words
        ids[:, 1::2] += 1
        return together.scatter_reduce_(1, ids, of_forms, "amax")  # a name that is required may be seen, too

    def _left_over(self, named: Named, there: Float[Tensor, "rows names"]) -> Float[Tensor, "rows nouns"]:
        """Return the logarithm of what names leave to each noun of their categories."""
        categories = _categories_of_names().to(there.device)[named.name_ids]
        taken = there.new_zeros(len(there), len(CATEGORIES))
        taken.scatter_add_(1, categories.repeat_interleave(len(there) // len(categories), 0), there)
        return (1 - taken).clamp_(min=LEFT_OVER).log_()[:, self._likeness.categories.to(there.device)]


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
