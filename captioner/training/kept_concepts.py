"""Keeps fitted concepts in a file, so that a resumed run does not fit them again.

For all of COCO, that would take many minutes.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from captioner.errors import CacheError
from captioner.modules.encoders.concepts import ConceptDetector
from captioner.training.concepts import FittedConcepts

DETECTOR = "detector."


def key_of(made_from: Sequence[Any], fitted: ConceptDetector | None) -> str:
    """Return a hash of all that fitted concepts depend on.

    Args:
        made_from: All of that but the detector, as values that JSON can write.
        fitted: The detector with which the run begins, if there is one.
    """
    key = hashlib.sha256(json.dumps(made_from).encode())
    for tensor in fitted.state_dict().values() if fitted is not None else ():
        key.update(tensor.cpu().numpy().tobytes())
    return key.hexdigest()[:16]


def kept_concepts(file: Path, fit: Callable[[], FittedConcepts]) -> FittedConcepts:
    """Read the concepts that were fitted before; if there is no file, fit and write them.

    Raises:
        CacheError: The file is damaged, or cannot be written.
    """
    try:
        if file.is_file():
            return _read(file)
        concepts = fit()
        part = file.with_suffix(".part")
        file.parent.mkdir(parents=True, exist_ok=True)
        weights = {
            DETECTOR + name: tensor.contiguous()
            for name, tensor in concepts.detector.state_dict().items()
        }
        save_file(
            weights | {"held_out": concepts.held_out.contiguous()},
            part,
            {"words": json.dumps(concepts.words)},
        )
        part.replace(file)
        return concepts
    except (OSError, SafetensorError) as error:
        raise CacheError(
            f"{file}: cannot be used ({error}): free some room, or remove it to fit it again"
        ) from error


def _read(file: Path) -> FittedConcepts:
    with safe_open(file, "pt") as opened:
        tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118 (it is no mapping)
        words = tuple(json.loads(opened.metadata()["words"]))
    held_out = tensors.pop("held_out")
    detector = ConceptDetector(len(tensors[f"{DETECTOR}mean"]), len(words))
    detector.load_state_dict(
        {name.removeprefix(DETECTOR): tensor for name, tensor in tensors.items()}
    )
    return FittedConcepts(words, detector.eval().requires_grad_(False), held_out)
