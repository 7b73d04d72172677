"""Quantises an exported encoder to 8-bit integers: smaller, faster and slightly worse."""

import logging
import shutil
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from captioner.errors import MissingExtraError, UsageError
from captioner.onnx.model import ENCODER, OnnxModel
from captioner.onnx.runtimes import import_onnxruntime
from captioner.preprocess.image import ImagePreprocessor
from captioner.progress import progress

MOST_PHOTOS = 128  # more photos hardly change the ranges


def quantize(graphs: Path, photos: Sequence[str | Path], folder: Path) -> None:
    """Copy an exported model with an int8 encoder.

    The decoder, which chooses the words, stays float32.

    Weights have a scale for each channel; activations have ranges from the calibration photos.

    Args:
        graphs: A folder that `export_onnx` wrote.
        photos: Typical photos; of more than `MOST_PHOTOS`, evenly spaced ones are taken.
        folder: The folder of the copy.

    Raises:
        MissingExtraError: ONNX Runtime's tools are not installed.
        UsageError: There are no photos.
        InputError: A photo cannot be read.
    """
    if not photos:
        raise UsageError(
            "int8 needs photos to calibrate with: about 100 like those that will be captioned"
        )
    import_onnxruntime()
    try:
        from onnxruntime.quantization import QuantFormat, QuantType, quantize_static
        from onnxruntime.quantization.shape_inference import quant_pre_process
    except ImportError as error:
        raise MissingExtraError(error.name or "onnxruntime", "onnx") from error
    shutil.copytree(graphs, folder, dirs_exist_ok=True)
    inputs = _inputs(graphs, photos[:: -(-len(photos) // MOST_PHOTOS)])
    prepared = folder / f"{ENCODER}.prepared"
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)  # warnings about layers that stay float32
    try:
        quant_pre_process(graphs / ENCODER, prepared, skip_symbolic_shape=True)
        quantize_static(
            prepared,
            folder / ENCODER,
            SimpleNamespace(get_next=partial(next, inputs, None)),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )
    finally:
        logging.disable(before)
        prepared.unlink(missing_ok=True)


def _inputs(graphs: Path, photos: Sequence[str | Path]) -> Iterator[dict[str, Any]]:
    """Yield the encoder's inputs, one photo at a time."""
    preprocess = ImagePreprocessor(OnnxModel(graphs).image_config)
    with progress("calibration", len(photos), "photos") as advance:
        for photo in photos:
            yield {"pixel_values": preprocess(preprocess.read(photo))[None]}
            advance()
