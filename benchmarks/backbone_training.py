"""How many photos a second train with each backbone, frozen and not, in float32 and bfloat16.

    python benchmarks/backbone_training.py [--backbones resnet101 ...] [--photos 32] [--updates 20]

Weights, photos and captions are random; photos are on the device already, so that nothing but the
model is measured. Runs on a GPU where there is one. The first update, which is slower, counts for
nothing. A loss that is no number ends the run.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import torch
from torch.nn.utils import clip_grad_norm_

from captioner.config import CONFIGS, PhotoConfig, load_config
from captioner.data.batching import group_targets
from captioner.model.captioner_model import CaptionerModel
from captioner.model.config import CaptionerConfig
from captioner.training.objective import Objective
from captioner.training.optimizer import build_optimizer

BACKBONES = ("resnet101", "convnext_small", "vit_base_patch16_clip_224", "eva02_base_patch14_224")
VOCAB, WORDS, CAPTIONS_A_PHOTO = 9_000, 12, 5
FROZEN = {"frozen": None, "fine-tuned": 0}


def updating(
    backbone: str, trainable_from: int | None, photos: int, device: torch.device
) -> Callable[[bool], float]:
    """Return an update of a model with that backbone, in bfloat16 or not; it returns its loss."""
    config = load_config(CONFIGS / "coco.toml")
    assert isinstance(config, PhotoConfig)
    sections = {
        name: getattr(config, name).model_dump()
        for name in ("image", "encoder", "decoder", "search")
    }
    sections["encoder"] |= {
        "backbone": backbone,
        "weights": "none",
        "concepts": 0,
        "trainable_from": trainable_from,
    }
    model = CaptionerModel(CaptionerConfig(**sections, vocab_size=VOCAB)).train()
    torch.nn.Module.to(model, device)
    objective = Objective(model, config, from_features=False)
    optimizer = build_optimizer(model, config.training)
    pixels = torch.randn(photos, 3, config.image.height, config.image.width, device=device)
    texts = torch.randint(4, VOCAB, (photos, CAPTIONS_A_PHOTO, WORDS)).tolist()
    groups = [group.to(device) for group in group_targets(texts, eos_id=2, pad_id=0)]

    def update(bfloat16: bool) -> float:
        with torch.autocast(device.type, torch.bfloat16, enabled=bfloat16):
            loss = objective(pixels, range(photos), groups) / (photos * CAPTIONS_A_PHOTO * WORDS)
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        clip_grad_norm_(model.parameters(), config.training.clip_norm)
        optimizer.step()
        return float(loss.detach())  # waits for the device

    return update


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--backbones", nargs="+", default=BACKBONES)
    parser.add_argument("--photos", type=int, default=32, help="in an update")
    parser.add_argument("--updates", type=int, default=20)
    options = parser.parse_args()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    threads = f"{torch.get_num_threads()} threads of a CPU"
    where = torch.cuda.get_device_name() if device.type == "cuda" else threads
    print(f"{where}, torch {torch.__version__}, {options.photos} photos an update")
    for backbone in options.backbones:
        for state, trainable_from in FROZEN.items():
            update = updating(backbone, trainable_from, options.photos, device)
            for bfloat16 in (False, True):
                seconds = []
                for _ in range(options.updates + 1):
                    start = time.perf_counter()
                    loss = update(bfloat16)
                    seconds.append(time.perf_counter() - start)
                    if loss != loss:
                        raise SystemExit(f"{backbone}, {state}: the loss is no number")
                rate = options.photos / statistics.median(seconds[1:])
                precision = "bfloat16" if bfloat16 else "float32"
                print(
                    f"{backbone:28} {state:10} {precision:8} {rate:8.1f} photos a second",
                    flush=True,
                )


if __name__ == "__main__":
    main()
