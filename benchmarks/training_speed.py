"""How near to the machine's limit a training step runs, and what the fused decoder gains over stepping word by word.

    python benchmarks/training_speed.py [--captions 200] [--words 12]

Counts the multiplications and additions of all matrix products (forward once, backward twice; elementwise work and the
optimizer count for nothing), divides by the time of forward, backward and update, and compares with `torch.matmul` of
2048 x 2048 in the same run. Synthetic features and random words of one length, so no padding helps or harms.
"""

import argparse
import platform
import statistics
import time
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.utils import clip_grad_norm_

from captioner.config import DecoderConfig
from captioner.decoder import AttentionDecoder
from captioner.losses import caption_loss
from captioner.memory import GridLayout, Memory

VOCAB, CHANNELS, DIM, GRID, CAPTIONS_A_PHOTO = 2924, 1280, 448, 7, 5


def flops_of_step(decoder: AttentionDecoder, captions: int, words: int) -> float:
    """Return the floating-point operations of one forward and backward pass, from the sizes of the matrices."""
    config = decoder.config
    gates = 4 if config.cell == "lstm" else 3
    hidden = config.hidden_dim
    lower = gates * hidden * (config.embedding_dim + hidden)
    upper = gates * hidden * (hidden + DIM + hidden)
    attention = hidden * DIM + 2 * GRID * GRID * DIM + hidden * DIM  # query; scores and context; gate
    output = (hidden + DIM) * config.embedding_dim + config.embedding_dim * VOCAB
    a_word = lower + upper + attention + output
    photos = captions / CAPTIONS_A_PHOTO
    projection = GRID * GRID * CHANNELS * DIM * 2 / 3  # its input needs no gradient
    return 3 * 2 * (captions * words * a_word + photos * projection)


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
    """Return the logits of whole captions by a loop over words, as most decoders with attention train."""
    state = decoder.start(memory, len(target_input) // len(memory))
    logits = []
    for position in range(target_input.shape[1]):
        step_logits, state, _ = decoder.step(target_input[:, position], state, memory)
        logits.append(step_logits)
    return torch.stack(logits, 1)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--captions", type=int, default=200)
    parser.add_argument("--words", type=int, default=12)
    parser.add_argument("--repeats", type=int, default=7)
    arguments = parser.parse_args()

    torch.manual_seed(0)
    config = DecoderConfig(attention="dot", embedding_dim=256, hidden_dim=448)
    decoder = AttentionDecoder(config, VOCAB, DIM, pad_id=0)
    project = nn.Linear(CHANNELS, DIM)
    parameters = [*decoder.parameters(), *project.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=1e-4)
    features = torch.randn(arguments.captions // CAPTIONS_A_PHOTO, GRID * GRID, CHANNELS)
    words = torch.randint(4, VOCAB, (arguments.captions, arguments.words))

    def train_step(score: Callable[[AttentionDecoder, Tensor, Memory], Tensor]) -> None:
        values = project(features)
        memory = Memory(values, values, torch.ones(values.shape[:2], dtype=torch.bool), GridLayout(GRID, GRID))
        loss = caption_loss(score(decoder, words, memory), words, pad_id=0, label_smoothing=0.1)
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        clip_grad_norm_(parameters, 5.0)
        optimizer.step()

    square = torch.randn(2048, 2048)
    limit = 2 * 2048**3 / median_s(lambda: square @ square, arguments.repeats) / 1e9
    fused_s = median_s(lambda: train_step(lambda d, w, m: d(w, m)[0]), arguments.repeats)
    stepped_s = median_s(lambda: train_step(stepwise), arguments.repeats)
    rate = flops_of_step(decoder, arguments.captions, arguments.words) / fused_s / 1e9
    print(f"{platform.machine()}, {torch.get_num_threads()} threads, torch {torch.__version__}")
    millions = sum(parameter.numel() for parameter in parameters) / 1e6
    print(f"{arguments.captions} captions of {arguments.words} words, {millions:.1f} M parameters")
    print(f"torch.matmul, 2048 x 2048     {limit:7.1f} GFLOP/s")
    print(f"training step, fused          {rate:7.1f} GFLOP/s = {rate / limit:.2f} of it ({fused_s * 1000:.0f} ms)")
    print(f"the same, word by word        {stepped_s / fused_s:7.2f} times as long ({stepped_s * 1000:.0f} ms)")


if __name__ == "__main__":
    main()
