"""What large photos cost, and what reading them at a part of their size changes.

    python benchmarks/large_photos.py PHOTOS [--photos 100] [--details 2 4] [--kind JPEG]

Photos are enlarged, get noise as of a camera, and are stored again. Each is decoded whole, and at
2 and 4 times the encoder's size; what is counted are the milliseconds of this one thread. Told
are how far the tensors are off, and how many captions are the same. The last line is of the
photos before they were enlarged.
"""

import argparse
import io
import platform
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageChops

from captioner.batch import find_photos
from captioner.config import SearchConfig
from captioner.pipeline import Captioner, load_captioner
from captioner.pipeline.inputs import batches
from captioner.preprocess.image import Pixels, read_image

BATCH = 16
NOISE = 5.0  # standard deviation, grey levels
QUALITY = 92
WHOLE, SMALL = "whole", "small"


def enlarged(files: Sequence[str | Path], megapixels: float, kind: str) -> Iterator[bytes]:
    """Yield large photos as files; the noise of each is the same but for its place."""
    chance = np.random.default_rng(0)
    side = round(2000 * megapixels**0.5)
    noise = chance.normal(128, NOISE, (side, side, 1)).clip(0, 255).astype(np.uint8).repeat(3, 2)
    for file in files:
        image = read_image(file)
        scale = (1e6 * megapixels / (image.width * image.height)) ** 0.5
        width, height = round(scale * image.width), round(scale * image.height)
        grain = Image.fromarray(noise[:height, :width])
        large = ImageChops.add(
            image.resize((width, height), Image.Resampling.BICUBIC), grain, 1, -128
        )
        stream = io.BytesIO()
        large.save(stream, kind, quality=QUALITY)
        yield stream.getvalue()


def read_and_fit(
    captioner: Captioner, content: bytes, detail: float | None
) -> tuple[Pixels, float]:
    """Return a photo's tensor, and how many milliseconds it took; None decodes the whole photo."""
    config = captioner.preprocess.config
    at_least = round((detail or 0) * max(config.height, config.width))
    start = time.thread_time()
    image = read_image(content, at_least=at_least)
    if at_least and (factor := min(image.size) // at_least) > 1:
        image = image.reduce(factor)
    return captioner.preprocess(image), 1000 * (time.thread_time() - start)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("paths", type=Path, metavar="PHOTOS")
    parser.add_argument("--photos", type=int, default=100)
    parser.add_argument("--megapixels", type=float, default=12)
    parser.add_argument("--details", type=float, nargs="+", default=[2, 4])
    parser.add_argument("--kind", default="JPEG")
    parser.add_argument("--engine", default="torch")
    parser.add_argument("--beam-size", type=int, default=3)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    captioner = load_captioner("everyday", "cpu", arguments.engine)
    search: SearchConfig = captioner.options(beam_size=arguments.beam_size)
    ways = {WHOLE: None, **{f"{detail:g} x": detail for detail in arguments.details}}
    ms: dict[str, float] = defaultdict(float)
    grey_levels: dict[str, float] = defaultdict(float)
    captions: dict[str, list[str]] = defaultdict(list)
    num_bytes, std = 0, np.array(captioner.preprocess.config.std)[:, None, None]
    files = find_photos([arguments.paths]).on_disk[: arguments.photos]
    for batch in batches(files, BATCH):
        tensors: dict[str, list[Pixels]] = defaultdict(list)
        for file, content in zip(
            batch, enlarged(batch, arguments.megapixels, arguments.kind), strict=True
        ):
            num_bytes += len(content)
            for name, detail in ways.items():
                tensor, took = read_and_fit(captioner, content, detail)
                tensors[name].append(tensor)
                ms[name] += took
                grey_levels[name] += float(255 * abs((tensor - tensors[WHOLE][-1]) * std).mean())
            tensor, took = read_and_fit(captioner, Path(file).read_bytes(), 2)
            tensors[SMALL].append(tensor)
            ms[SMALL] += took
        for name, photos in tensors.items():
            start = time.thread_time()
            captions[name] += [result.text for result in captioner.caption_images(photos, search)]
            ms["model"] += 1000 * (time.thread_time() - start) / len(tensors)
    count = len(files)
    kind, size_mb = arguments.kind, num_bytes / count / 1e6
    print(f"{platform.machine()}, {count} {kind} of {size_mb:.1f} MB, {arguments.engine}")
    print(f"encoder and search, beam {search.beam_size}: {ms['model'] / count:.1f} ms a photo")
    for name in (*ways, SMALL):
        same = sum(map(str.__eq__, captions[name], captions[WHOLE]))
        rate = (ms[SMALL] + ms["model"]) / (ms[name] + ms["model"])
        print(
            f"{name:>6}: decode and resize {ms[name] / count:6.1f} ms, "
            f"{rate:.2f} of the small photos' rate; {grey_levels[name] / count:.2f} grey levels "
            f"off, {same} of {count} captions as of the whole"
        )


if __name__ == "__main__":
    main()
