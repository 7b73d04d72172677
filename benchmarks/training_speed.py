"""How near to the machine's limit a training step runs, and what the fused decoder gains.

    python benchmarks/training_speed.py [--captions 200] [--words 12]

Counts the multiplications and additions of all matrix products (forward once, backward twice;
elementwise work and the optimizer count for nothing), divides by the time of forward, backward and
update, and compares with `torch.matmul` of 2048 x 2048 in the same run. Features are synthetic and
words random. Two batches are timed: captions of one length, where nothing is padded and those of a
photo stand side by side; and captions of lengths like Flickr8k's by the code that trains, with its
padding and its selection of memories, of which only the real words (EOS included) are counted.
"""

import argparse
import platform
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils import clip_grad_norm_

from captioner.config import CONFIGS, load_config
from captioner.data.batching import group_targets
from captioner.model.captioner_model import CaptionerModel
from captioner.model.config import CaptionerConfig
from captioner.modules.decoder import AttentionDecoder
from captioner.modules.memory import GridLayout, Memory
from captioner.training.losses import caption_loss
from captioner.training.objective import Objective
from captioner.training.optimizer import build_optimizer

VOCAB, CHANNELS, DIM, GRID, CAPTIONS_A_PHOTO = 2924, 1280, 448, 7, 5

Score = Callable[[AttentionDecoder, Tensor, Memory], Tensor]


def flops_of_step(decoder: AttentionDecoder, captions: int, words: int) -> float:
    """Return the floating-point operations of a forward and backward pass, by matrix sizes.

    Args:
        decoder: What is trained.
        captions: Number of captions; every five share a photo.
        words: Number of words in all of them together.
    """
    config = decoder.config
    gates = 4 if config.cell == "lstm" else 3
    hidden = config.hidden_dim
    lower = gates * hidden * (config.embedding_dim + hidden)
    upper = gates * hidden * (hidden + DIM + hidden)
    attention = (
        hidden * DIM + 2 * GRID * GRID * DIM + hidden * DIM
    )  # query; scores and context; gate
    output = (hidden + DIM) * config.embedding_dim + config.embedding_dim * VOCAB
    a_word = lower + upper + attention + output
    photos = captions / CAPTIONS_A_PHOTO
    projection = GRID * GRID * CHANNELS * DIM * 2 / 3  # its input needs no gradient
    return 3 * 2 * (words * a_word + photos * projection)


def median_s(run: Callable[[], object], repeats: int) -> float:
    """Return the median time of a call, seconds, after one that does not count."""
    run()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def stepwise(decoder: AttentionDecoder, target_input: Tensor, memory: Memory) -> Tensor:
    """Return the logits of whole captions by a loop over words, as most decoders train."""
    state = decoder.start(memory, len(target_input) // len(memory))
    logits = []
    for position in range(target_input.shape[1]):
        step_logits, state, _ = decoder.step(target_input[:, position], state, memory)
        logits.append(step_logits)
    return torch.stack(logits, 1)


def equal_lengths(captions: int, words: int) -> tuple[AttentionDecoder, Callable[[Score], None]]:
    """Return a decoder and its update by captions of one length, a photo's side by side."""
    config = load_config(CONFIGS / "coco.toml").decoder
    decoder, project = AttentionDecoder(config, VOCAB, DIM, pad_id=0), nn.Linear(CHANNELS, DIM)
    parameters = [*decoder.parameters(), *project.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=1e-4)
    features = torch.randn(captions // CAPTIONS_A_PHOTO, GRID * GRID, CHANNELS)
    target = torch.randint(4, VOCAB, (captions, words))

    def update(score: Score) -> None:
        values = project(features)
        memory = Memory(
            values, values, torch.ones(values.shape[:2], dtype=torch.bool), GridLayout(GRID, GRID)
        )
        loss = caption_loss(score(decoder, target, memory), target, pad_id=0, label_smoothing=0.1)
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        clip_grad_norm_(parameters, 5.0)
        optimizer.step()

    return decoder, update


def lengths_like_flickr8k(captions: int) -> list[int]:
    """Return numbers of words, EOS not counted: 11 on average, from 4 to 24.

    The same at every call.
    """
    drawn = np.random.default_rng(0).normal(11, 4, captions)
    return [int(length) for length in drawn.round().clip(4, 24)]


def as_trained(captions: int) -> Callable[[], None]:
    """Return an update as the trainer makes it.

    Sorted and padded in groups, each caption's memory selected for it.
    """
    config = load_config(CONFIGS / "coco.toml")
    sections = {
        name: getattr(config, name).model_dump()
        for name in ("image", "encoder", "decoder", "search")
    }
    model = CaptionerModel(CaptionerConfig(**sections, vocab_size=VOCAB)).train()
    objective = Objective(model, config, from_features=True)
    optimizer = build_optimizer(model, config.training)
    features = torch.randn(captions // CAPTIONS_A_PHOTO, GRID, GRID, CHANNELS)
    targets = [
        [1, *torch.randint(4, VOCAB, (length,)).tolist()]
        for length in lengths_like_flickr8k(captions)
    ]
    photos = [
        targets[start : start + CAPTIONS_A_PHOTO] for start in range(0, captions, CAPTIONS_A_PHOTO)
    ]

    def update() -> None:
        groups = group_targets(photos, eos_id=2, pad_id=0)
        optimizer.zero_grad()
        torch.autograd.backward(objective(features, range(len(photos)), groups))
        clip_grad_norm_(model.parameters(), config.training.clip_norm)
        optimizer.step()

    return update


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--captions", type=int, default=200, help=f"in a batch; divisible by {CAPTIONS_A_PHOTO}"
    )
    parser.add_argument("--words", type=int, default=12)
    parser.add_argument("--repeats", type=int, default=7)
    arguments = parser.parse_args()
    captions, repeats = arguments.captions, arguments.repeats

    torch.manual_seed(0)
    square = torch.randn(2048, 2048)
    limit = 2 * 2048**3 / median_s(lambda: square @ square, repeats) / 1e9
    decoder, update = equal_lengths(captions, arguments.words)
    fused_s = median_s(lambda: update(lambda d, w, m: d(w, m)[0]), repeats)
    stepped_s = median_s(lambda: update(stepwise), repeats)
    real_s = median_s(as_trained(captions), repeats)
    real_words = sum(lengths_like_flickr8k(captions)) + captions
    rate = flops_of_step(decoder, captions, captions * arguments.words) / fused_s / 1e9
    real_rate = flops_of_step(decoder, captions, real_words) / real_s / 1e9

    print(
        f"{platform.machine()}, {torch.get_num_threads()} threads, torch {torch.__version__},"
        f" {captions} captions"
    )
    print(f"torch.matmul, 2048 x 2048       {limit:7.1f} GFLOP/s")
    equal = f"all of {arguments.words} words, fused"
    print(f"{equal:<31} {rate:7.1f} GFLOP/s = {rate / limit:.2f} of it ({fused_s * 1000:.0f} ms)")
    print(
        f"the same, word by word          {stepped_s / fused_s:7.2f} times as long"
        f" ({stepped_s * 1000:.0f} ms)"
    )
    mean = f"{real_words / captions:.1f} words on average, trained"
    print(
        f"{mean:<31} {real_rate:7.1f} GFLOP/s = {real_rate / limit:.2f} of it ({real_s * 1000:.0f}"
        " ms)"
    )


if __name__ == "__main__":
    main()
