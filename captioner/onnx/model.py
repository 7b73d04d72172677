"""Runs a model as ONNX graphs, with numpy instead of torch.

It has the methods of `CaptionerModel`, so the pipeline need not know which of the two it has. It
imports neither torch nor transformers.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Int
from tokenizers import Tokenizer

from captioner.config import ImageConfig, SearchConfig, validated
from captioner.model.generation import TextGeneration
from captioner.model.settings import read_settings
from captioner.modules.arrays import repeat
from captioner.modules.memory import DetectedConcepts, GridLayout, Memory
from captioner.onnx.runtimes import Graph

ENCODER, CONCEPTS, START, STEP = "encoder.onnx", "concepts.onnx", "start.onnx", "step.onnx"


@dataclass(frozen=True)
class OnnxState:
    """The decoder's state.

    Attributes:
        recurrent: Hidden states, and an LSTM's cells, of both layers.
        projected_keys: The memory's keys as the attention uses them.
    """

    recurrent: Float[np.ndarray, "states rows hidden"]
    projected_keys: Float[np.ndarray, "batch source attention_dim"]

    def reorder(self, index: Int[np.ndarray, " rows"]) -> "OnnxState":
        """Return the state of the rows at `index`; rows may only move within their item."""
        return replace(self, recurrent=self.recurrent[:, index])

    def select(self, items: Int[np.ndarray, " selected"]) -> "OnnxState":
        """Return the state of all rows of the items at `items`."""
        states, _, hidden = self.recurrent.shape
        by_item = self.recurrent.reshape(states, len(self.projected_keys), -1, hidden)
        return OnnxState(by_item[:, items].reshape(states, -1, hidden), self.projected_keys[items])


class OnnxDecoder:
    """The decoder, with the methods that `captioner.search` calls.

    Args:
        folder: Folder of the graphs.
        runtime: What runs them, `onnx` or `openvino`.
    """

    def __init__(self, folder: Path, runtime: str) -> None:
        self._start, self._step = (Graph(folder / name, runtime) for name in (START, STEP))

    def start(self, memory: Memory, rows_per_item: int = 1) -> OnnxState:
        """Return the state before the first word."""
        recurrent, projected_keys = self._start(
            keys=memory.keys, values=memory.values, mask=memory.mask
        )
        return OnnxState(repeat(recurrent, rows_per_item, 1), projected_keys)

    def step(
        self, token_ids: Int[np.ndarray, " rows"], state: OnnxState, memory: Memory
    ) -> tuple[Float[np.ndarray, "rows vocab"], OnnxState, Float[np.ndarray, "rows source"]]:
        """Read one word in each row and score the next one."""
        logits, recurrent, weights = self._step(
            token_ids=token_ids.reshape(len(memory), -1),
            recurrent=state.recurrent.reshape(
                len(state.recurrent), len(memory), -1, state.recurrent.shape[-1]
            ),
            projected_keys=state.projected_keys,
            values=memory.values,
            mask=memory.mask,
        )
        return logits, replace(state, recurrent=recurrent), weights


class OnnxModel(TextGeneration):
    """A model that `captioner export` wrote.

    Args:
        folder: Holds the graphs, `config.json` and the tokenizer.
        runtime: What runs the graphs, `onnx` for ONNX Runtime or `openvino`.

    Raises:
        ModelError: A file is missing or broken.
        MissingExtraError: The runtime is not installed.
    """

    kind = "image"

    def __init__(self, folder: Path, runtime: str = "onnx") -> None:
        self.config: Any = read_settings(folder)
        self.image_config = validated(ImageConfig, self.config.image, "config.json: image")
        self.search_config = validated(SearchConfig, self.config.search, "config.json: search")
        self.tokenizer: Any = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.device = "cpu"
        self.decoder = OnnxDecoder(folder, runtime)
        self._encoder = Graph(folder / ENCODER, runtime)
        self._folder, self._runtime = folder, runtime

    @cached_property
    def _concepts(self) -> Graph:
        """The graph of concepts, opened at the first hint: models of earlier versions lack it."""
        return Graph(self._folder / CONCEPTS, self._runtime)

    def embed_concepts(self, detected: DetectedConcepts) -> Float[np.ndarray, "batch concepts dim"]:
        """Return the positions of a memory that hold detected words."""
        return self._concepts(probabilities=detected.probabilities, word_ids=detected.word_ids)[0]

    def encode(self, pixel_values: Float[np.ndarray, "batch 3 height width"]) -> Memory:
        """Read photos that are already resized and normalised."""
        grid, *detected = self._encoder(pixel_values=pixel_values)
        batch, height, width, dim = grid.shape
        values, concepts = grid.reshape(batch, height * width, dim), None
        if detected:
            words, probabilities, word_ids = detected
            values = np.concatenate([values, words], 1)
            # Some operations return numpy's other 64-bit integer type, which has another name.
            concepts = DetectedConcepts(probabilities, word_ids.view(np.int64))
        mask, layout = np.ones(values.shape[:2], dtype=bool), GridLayout(height, width)
        return Memory(keys=values, values=values, mask=mask, layout=layout, concepts=concepts)
