"""Files to captions.

Our model against the architectures of BLIP-base and ViT-GPT2, as transformers builds them.

    python benchmarks/against_transformers.py PHOTOS [--photos 256] [--theirs 8] [--new-tokens 14]
    [--beam-size 3]

Weights of the two large models are random, so they write nonsense of exactly so many tokens, at the
speed of sense: BLIP-base reads 384 x 384 pixels, ViT-GPT2 224 x 224. All read the same files, with
the same threads; ours stops where its captions end. The ratios are those of one run.
"""

import argparse
import platform
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch

from captioner.allocator import keep_freed_memory
from captioner.batch import caption_files, find_photos
from captioner.pipeline import load_captioner
from captioner.preprocess.image import read_image


def blip_base() -> tuple[Any, Any]:
    """Build BLIP-base and its processor."""
    from transformers import BlipConfig, BlipForConditionalGeneration, BlipImageProcessor

    return BlipForConditionalGeneration(BlipConfig()), BlipImageProcessor(
        size={"height": 384, "width": 384}
    )


def vit_gpt2() -> tuple[Any, Any]:
    """Build ViT-base with GPT-2 and its processor."""
    from transformers import (
        GPT2Config,
        VisionEncoderDecoderConfig,
        VisionEncoderDecoderModel,
        ViTConfig,
        ViTImageProcessor,
    )

    config = VisionEncoderDecoderConfig.from_encoder_decoder_configs(ViTConfig(), GPT2Config())
    config.decoder_start_token_id = config.decoder.bos_token_id
    config.pad_token_id = config.decoder.eos_token_id
    return VisionEncoderDecoderModel(config), ViTImageProcessor(size={"height": 224, "width": 224})


def caption_with(
    model: Any,
    processor: Any,
    files: Sequence[Path],
    batch_size: int,
    new_tokens: int,
    beam_size: int,
) -> Iterator[Any]:
    """Read, fit and caption, a batch at a time."""
    for first in range(0, len(files), batch_size):
        images = [read_image(file) for file in files[first : first + batch_size]]
        pixels = processor(images=images, return_tensors="pt")["pixel_values"]
        with torch.inference_mode():
            output = model.generate(
                pixel_values=pixels,
                num_beams=beam_size,
                do_sample=False,
                max_new_tokens=new_tokens,
                min_new_tokens=new_tokens,
            )
        yield from output


def rate(captions: Callable[[], Iterator[Any]], count: int) -> float:
    """Return photos a second."""
    start = time.perf_counter()
    assert sum(1 for _ in captions()) == count
    return count / (time.perf_counter() - start)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("paths", type=Path, metavar="PHOTOS")
    parser.add_argument("--photos", type=int, default=256, help="for our model")
    parser.add_argument(
        "--theirs", type=int, default=8, help="photos for the large models, as one batch"
    )
    parser.add_argument("--new-tokens", type=int, default=14)
    parser.add_argument("--beam-size", type=int, default=3)
    parser.add_argument("--model", default="everyday")
    arguments = parser.parse_args()
    keep_freed_memory()  # as the command line does

    files = find_photos([arguments.paths]).on_disk[: arguments.photos]
    machine = f"{platform.machine()}, {torch.get_num_threads()} threads, torch {torch.__version__}"
    print(f"{machine}; beam {arguments.beam_size}")
    ours: dict[str, list[float]] = {}
    captioners = {
        engine: load_captioner(arguments.model, "cpu", engine)
        for engine in ("torch", "onnx", "openvino")
    }

    def measure_ours() -> None:
        for engine, captioner in captioners.items():
            options = captioner.options(beam_size=arguments.beam_size)
            work = partial(caption_files, captioner, files, options)
            ours.setdefault(engine, []).append(rate(work, len(files)))

    theirs: dict[str, float] = {}
    measure_ours()  # before and after each of theirs, so that other work on the machine meets both
    for name, build in (("BLIP-base", blip_base), ("ViT-GPT2", vit_gpt2)):
        model, processor = build()
        model.train(False)
        some = files[: arguments.theirs]
        options = (model, processor, some, len(some), arguments.new_tokens, arguments.beam_size)
        theirs[name] = rate(lambda: caption_with(*options), len(some))  # noqa: B023
        del model, options
        measure_ours()
    for name, value in theirs.items():
        print(f"{name:10} {value:8.3f} photos/s")
    for engine, values in ours.items():
        mean = sum(values) / len(values)
        times = ", ".join(f"{mean / value:.0f} x {name}" for name, value in theirs.items())
        print(f"{engine:10} {mean:8.1f} photos/s: {times}")


if __name__ == "__main__":
    main()
