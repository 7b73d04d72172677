"""The decoder: two recurrent layers with attention between them turn a memory into words.

The lower layer reads only the words, so one fused call runs it over whole captions. Its output is
the attention's query. The upper layer reads [lower; context] in one more fused call. `step` does
the same for one word, and `forward` equals repeated `step`.
"""

from dataclasses import dataclass, replace
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from captioner.config import DecoderConfig
from captioner.errors import ShapeError
from captioner.modules.attention import AdditiveAttention, DotProductAttention
from captioner.modules.memory import Memory


@dataclass(frozen=True)
class DecoderState:
    """A decoder's state for `num_rows` captions, those of one item of the memory side by side.

    Attributes:
        lower: The lower layer's hidden state, and an LSTM's cell, each `[1, rows, hidden]`.
        upper: The same of the upper layer.
        projected_keys: The memory's keys as the attention uses them, `[batch, source,
            attention_dim]`.
    """

    lower: tuple[Float[Tensor, "1 rows hidden"], ...]
    upper: tuple[Float[Tensor, "1 rows hidden"], ...]
    projected_keys: Float[Tensor, "batch source attention_dim"]

    def reorder(self, index: Int[Tensor, " rows"]) -> "DecoderState":
        """Return the state of the rows at `index`; rows may only move within their item."""
        return replace(
            self,
            lower=tuple(part.index_select(1, index) for part in self.lower),
            upper=tuple(part.index_select(1, index) for part in self.upper),
        )

    def select(self, items: Int[Tensor, " selected"]) -> "DecoderState":
        """Return the state of all rows of the items at `items`."""
        rows_per_item = self.lower[0].shape[1] // len(self.projected_keys)
        rows = items.unsqueeze(1) * rows_per_item + torch.arange(rows_per_item, device=items.device)
        return replace(self.reorder(rows.flatten()), projected_keys=self.projected_keys[items])


class AttentionDecoder(nn.Module):
    """An attention LSTM (or GRU) that writes words from a memory.

    Args:
        config: The decoder's settings.
        vocab_size: Number of words it can write.
        memory_dim: Width of the memory's keys and values.
        pad_id: The padding token, whose embedding stays zero.

    Source:
        Two layers with the attention between them: Anderson et al. 2018, arXiv:1707.07998, section
        3.2, except that the lower layer reads no feedback of the upper one. Gate on the context: Xu
        et al. 2015, arXiv:1502.03044, section 4.2.1, a gate for each channel. Initial state from
        the mean value: the same, section 3.1.2. Tied embeddings: Press and Wolf 2017,
        arXiv:1608.05859.
    """

    def __init__(
        self, config: DecoderConfig, vocab_size: int, memory_dim: int, pad_id: int
    ) -> None:
        super().__init__()
        self.config = config
        hidden_dim = config.hidden_dim
        layer = nn.LSTM if config.cell == "lstm" else nn.GRU
        self.num_states = 2 if config.cell == "lstm" else 1
        self.embedding = nn.Embedding(vocab_size, config.embedding_dim, padding_idx=pad_id)
        self.lower = layer(config.embedding_dim, hidden_dim, batch_first=True)
        self.attention: AdditiveAttention | DotProductAttention
        if config.attention == "additive":
            self.attention = AdditiveAttention(hidden_dim, memory_dim, config.attention_dim)
        else:
            self.attention = DotProductAttention(hidden_dim, memory_dim)
        self.gate = nn.Linear(hidden_dim, memory_dim)
        self.upper = layer(hidden_dim + memory_dim, hidden_dim, batch_first=True)
        self.initial = nn.Linear(memory_dim, 2 * self.num_states * hidden_dim)
        self.output = nn.Linear(hidden_dim + memory_dim, config.embedding_dim)
        self.logits = nn.Linear(config.embedding_dim, vocab_size)
        self.dropout = nn.Dropout(config.dropout)
        nn.init.normal_(self.embedding.weight, std=config.embedding_dim**-0.5)
        nn.init.zeros_(self.embedding.weight[pad_id])
        nn.init.zeros_(self.logits.bias)
        self.tie_weights()

    def tie_weights(self) -> None:
        """Share the embedding table with the output layer, where the config says so."""
        if self.config.tie_embeddings:
            self.logits.weight = self.embedding.weight

    def start(self, memory: Memory, rows_per_item: int = 1) -> DecoderState:
        """Return the state before the first word.

        Args:
            memory: What the decoder attends to.
            rows_per_item: Number of captions (beams or references) of each item, side by side.
        """
        initial = torch.tanh(self.initial(memory.mean())).repeat_interleave(rows_per_item, 0)
        parts = initial.unsqueeze(0).chunk(2 * self.num_states, -1)
        return DecoderState(
            lower=tuple(part.contiguous() for part in parts[: self.num_states]),
            upper=tuple(part.contiguous() for part in parts[self.num_states :]),
            projected_keys=self.attention.project_keys(memory.keys),
        )

    def step(
        self, token_ids: Int[Tensor, " rows"], state: DecoderState, memory: Memory
    ) -> tuple[Float[Tensor, "rows vocab"], DecoderState, Float[Tensor, "rows source"]]:
        """Read one word in each row and score the next one.

        Returns:
            Logits, the state after the word, and the attention weights used to score the next word.
        """
        logits, state, weights = self._run(token_ids.unsqueeze(1), state, memory)
        return logits.squeeze(1), state, weights.squeeze(1)

    def forward(
        self, target_input: Int[Tensor, "rows target"], memory: Memory
    ) -> tuple[Float[Tensor, "rows target vocab"], Float[Tensor, "rows target source"]]:
        """Score the next word at every position of whole captions, without a loop over time.

        Args:
            target_input: Token ids that start with BOS; those of one item of the memory side by
                side.
            memory: Its items divide the rows evenly.

        Returns:
            Logits, and the attention weights used for each.

        Raises:
            ShapeError: The rows cannot be divided among the memory's items.
        """
        rows_per_item, rest = divmod(len(target_input), len(memory))
        if rest or not rows_per_item:
            raise ShapeError(
                f"decoder: {len(target_input)} rows cannot be divided among {len(memory)} items"
            )
        logits, _, weights = self._run(target_input, self.start(memory, rows_per_item), memory)
        return logits, weights

    def _run(
        self, token_ids: Int[Tensor, "rows target"], state: DecoderState, memory: Memory
    ) -> tuple[
        Float[Tensor, "rows target vocab"], DecoderState, Float[Tensor, "rows target source"]
    ]:
        embedded = self.dropout(self.embedding(token_ids))
        query, lower = self._recur(self.lower, embedded, state.lower)
        query = self.dropout(query)
        # All rows of one item attend to the same memory: as one longer run of queries, they need
        # no copies of it.
        weights = self.attention(self._by_item(query, memory), state.projected_keys, memory.mask)
        context = (weights @ memory.values).reshape(*token_ids.shape, -1)
        context = context * torch.sigmoid(self.gate(query))
        hidden, upper = self._recur(self.upper, torch.cat([query, context], -1), state.upper)
        output = self.output(torch.cat([self.dropout(hidden), context], -1))
        logits = self.logits(self.dropout(torch.tanh(output)))
        return (
            logits,
            replace(state, lower=lower, upper=upper),
            weights.reshape(*token_ids.shape, -1),
        )

    @staticmethod
    def _by_item(
        query: Float[Tensor, "rows target hidden"], memory: Memory
    ) -> Float[Tensor, "batch queries hidden"]:
        # From a tensor's shape rather than len(), so an exported graph takes any number of items.
        return query.reshape(memory.mask.shape[0], -1, query.shape[-1])

    @staticmethod
    def _recur(
        layer: nn.LSTM | nn.GRU, inputs: Float[Tensor, "rows target dim"], state: tuple[Tensor, ...]
    ) -> tuple[Float[Tensor, "rows target hidden"], tuple[Tensor, ...]]:
        """Run a recurrent layer; a GRU's state is one tensor, an LSTM's a pair.

        A single position is computed by two plain products, which is up to three times as fast as
        the fused call for many positions.
        """
        if inputs.shape[1] == 1:
            weights: Any = (
                layer.weight_ih_l0,
                layer.weight_hh_l0,
                layer.bias_ih_l0,
                layer.bias_hh_l0,
            )
            before = [part.squeeze(0) for part in state]
            after: tuple[Tensor, ...]
            if isinstance(layer, nn.LSTM):
                after = torch.lstm_cell(inputs.squeeze(1), before, *weights)
            else:
                after = (torch.gru_cell(inputs.squeeze(1), before[0], *weights),)
            return after[0].unsqueeze(1), tuple(part.unsqueeze(0) for part in after)
        if isinstance(layer, nn.LSTM):
            return layer(inputs, state)  # type: ignore[no-any-return]
        outputs, hidden = layer(inputs, state[0])
        return outputs, (hidden,)
