"""Exports a torch model to the ONNX graphs that `onnx.model` runs."""

import copy
import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from captioner.errors import MissingExtraError, ModelError
from captioner.model.captioner_model import CaptionerModel
from captioner.modules.decoder import AttentionDecoder, DecoderState
from captioner.modules.encoders.image import ImageEncoder
from captioner.modules.memory import DetectedConcepts, GridLayout, Memory
from captioner.onnx.model import CONCEPTS, ENCODER, START, STEP
from captioner.progress import progress

# Sizes of the traced tensors; they differ, so that no two axes are taken for the same one.
BATCH, ROWS, SOURCE = 3, 5, 7


def export_onnx(model: CaptionerModel, folder: Path) -> None:
    """Write a model's graphs, config and tokenizer; the graphs take any number of photos and beams.

    Raises:
        MissingExtraError: A library that torch needs for exporting is not installed.
        ModelError: The model does not read photos, or its backbone cannot be exported.
    """
    if not isinstance(model.encoder, ImageEncoder):
        raise ModelError("only models of photos can be exported to ONNX")
    folder.mkdir(parents=True, exist_ok=True)
    with _quiet():
        parts = [_encoder_graph(model), *_concept_graphs(model), *_decoder_graphs(model)]
        with progress("ONNX graphs", len(parts), "graphs") as advance:
            for part in parts:
                part.write(folder)
                advance()
    model.config.save_pretrained(folder)
    if model.tokenizer is not None:
        model.tokenizer.save_pretrained(folder)


@dataclass(frozen=True)
class Traced:
    """A part of the model to be traced into one file.

    Attributes:
        file: Name of the file.
        graph: Runs the part of the model.
        inputs: Example tensors by name, each with the names of its axes of variable length.
        outputs: Names of the outputs.
    """

    file: str
    graph: nn.Module
    inputs: dict[str, tuple[Tensor, dict[int, str]]]
    outputs: Sequence[str]

    def write(self, folder: Path) -> None:
        """Trace the part and write the file.

        Raises:
            MissingExtraError: A library that torch needs for exporting is not installed.
            ModelError: A layer cannot be exported.
        """
        names = {name for _, axes in self.inputs.values() for name in axes.values()}
        dims: dict[str, Any] = {name: torch.export.Dim(name) for name in names}
        shapes = tuple(
            {axis: dims[name] for axis, name in axes.items()} for _, axes in self.inputs.values()
        )
        try:
            torch.onnx.export(
                self.graph,
                tuple(tensor for tensor, _ in self.inputs.values()),
                folder / self.file,
                input_names=list(self.inputs),
                output_names=list(self.outputs),
                dynamic_shapes=shapes,
                dynamo=True,
                external_data=False,
                verbose=False,
            )
        except ImportError as error:
            raise MissingExtraError(error.name or "onnxscript", "onnx") from error
        except torch.onnx.errors.OnnxExporterError as error:
            raise ModelError(
                f"{self.file} cannot be exported: {str(error).splitlines()[0]}"
            ) from error


def _encoder_graph(model: CaptionerModel) -> Traced:
    pixels = torch.randn(BATCH, 3, model.image_config.height, model.image_config.width)
    outputs = (
        ["grid", "words", "probabilities", "word_ids"]
        if model.config.encoder.get("concepts")
        else ["grid"]
    )
    return Traced(
        ENCODER,
        EncoderGraph(_traceable(model.encoder)),
        {"pixel_values": (pixels, {0: "batch"})},
        outputs,
    )


def _concept_graphs(model: CaptionerModel) -> list[Traced]:
    if not model.config.encoder.get("concepts"):
        return []
    words = len(model.config.encoder["concept_words"])
    inputs = {
        "probabilities": (torch.rand(BATCH, words), {0: "batch"}),
        "word_ids": (
            torch.zeros(BATCH, model.config.encoder["concepts"], dtype=torch.long),
            {0: "batch"},
        ),
    }
    return [Traced(CONCEPTS, ConceptGraph(_traceable(model.encoder)), inputs, ["words"])]


def _decoder_graphs(model: CaptionerModel) -> list[Traced]:
    decoder, of_memory = _traceable(model.decoder), {0: "batch", 1: "source"}
    keys, values = torch.randn(2, BATCH, SOURCE, decoder.initial.in_features)
    mask = torch.ones(BATCH, SOURCE, dtype=torch.bool)
    state = decoder.start(Memory(keys, values, mask, GridLayout(1, SOURCE)), ROWS)
    recurrent = torch.cat([*state.lower, *state.upper])
    memory = {"values": (values, of_memory), "mask": (mask, of_memory)}
    step = {
        "token_ids": (torch.ones(BATCH, ROWS, dtype=torch.long), {0: "batch", 1: "rows"}),
        "recurrent": (recurrent.reshape(len(recurrent), BATCH, ROWS, -1), {1: "batch", 2: "rows"}),
        "projected_keys": (state.projected_keys.clone(), of_memory),
    }
    return [
        Traced(
            START,
            StartGraph(decoder),
            {"keys": (keys, of_memory), **memory},
            ["recurrent", "projected_keys"],
        ),
        Traced(
            STEP,
            StepGraph(decoder),
            {**step, **memory},
            ["logits", "next_recurrent", "attention_weights"],
        ),
    ]


class EncoderGraph(nn.Module):
    """Computes a memory's values from photos, and detected words if there is a detector."""

    def __init__(self, encoder: ImageEncoder) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(
        self, pixel_values: Float[Tensor, "batch 3 pixel_height pixel_width"]
    ) -> tuple[Tensor, ...]:
        """Encode."""
        features = self.encoder.features(pixel_values)
        memory = self.encoder.embed(features)
        height, width = features.shape[1:3]
        grid = memory.values[:, : height * width].unflatten(1, (height, width))
        if memory.concepts is None:
            return (grid,)
        return (
            grid,
            memory.values[:, height * width :],
            memory.concepts.probabilities,
            memory.concepts.word_ids,
        )


class ConceptGraph(nn.Module):
    """Embeds detected words, and those of a hint, as positions of the memory."""

    def __init__(self, encoder: ImageEncoder) -> None:
        super().__init__()
        self.embedding = encoder.concept_embedding

    def forward(
        self, probabilities: Float[Tensor, "batch words"], word_ids: Int[Tensor, "batch concepts"]
    ) -> Float[Tensor, "batch concepts dim"]:
        """Embed."""
        return self.embedding(DetectedConcepts(probabilities, word_ids))  # type: ignore[no-any-return]


class StartGraph(nn.Module):
    """Computes the state before the first word from a memory, one row per item."""

    def __init__(self, decoder: AttentionDecoder) -> None:
        super().__init__()
        self.decoder = decoder

    def forward(
        self,
        keys: Float[Tensor, "batch source dim"],
        values: Float[Tensor, "batch source dim"],
        mask: Bool[Tensor, "batch source"],
    ) -> tuple[Float[Tensor, "states batch hidden"], Float[Tensor, "batch source attention_dim"]]:
        """Start."""
        state = self.decoder.start(Memory(keys, values, mask, GridLayout(1, 1)))
        return torch.cat([*state.lower, *state.upper]), state.projected_keys.clone()


class StepGraph(nn.Module):
    """Computes the next word's logits from one word in each row."""

    def __init__(self, decoder: AttentionDecoder) -> None:
        super().__init__()
        self.decoder = decoder

    def forward(
        self,
        token_ids: Int[Tensor, "batch rows"],
        recurrent: Float[Tensor, "states batch rows hidden"],
        projected_keys: Float[Tensor, "batch source attention_dim"],
        values: Float[Tensor, "batch source dim"],
        mask: Bool[Tensor, "batch source"],
    ) -> tuple[
        Float[Tensor, "all vocab"], Float[Tensor, "states all hidden"], Float[Tensor, "all source"]
    ]:
        """Step."""
        parts = recurrent.flatten(1, 2).unsqueeze(1).unbind(0)
        count = self.decoder.num_states
        state = DecoderState(parts[:count], parts[count:], projected_keys)
        # The state already has the keys, so the memory's are not read.
        memory = Memory(keys=values, values=values, mask=mask, layout=GridLayout(1, 1))
        logits, state, weights = self.decoder.step(token_ids.flatten(), state, memory)
        return logits, torch.cat([*state.lower, *state.upper]), weights


def _traceable(module: Any) -> Any:
    """Return a copy for inference that is faster to trace."""
    module = copy.deepcopy(module).cpu().float().eval().requires_grad_(False)
    for part in module.modules():
        if getattr(part, "inplace", False):
            part.inplace = False  # torch takes long to decompose in-place operations
    return module


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the exporter's own messages off the terminal."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
