"""Target tokens a second in training a translator, against torch's own `nn.Transformer`.

    python benchmarks/translation_training_speed.py SOURCE TARGET [--config multi30k-en-de] [--steps
    20]

SOURCE and TARGET are aligned line by line. Tokenizer, batches and settings are those that
`captioner train` makes of them and the config. Both models see the same batches in turn, in one
process: forward, backward, clipped gradients and AdamW's update. The Transformer is post-norm with
sinusoid positions (Vaswani et al. 2017, arXiv:1706.03762), has the same table of embeddings for
source, target and output, and as many layers of feed-forward width 4 * dim as bring its number of
parameters nearest to ours. Target tokens are real ones, EOS included, no padding.
"""

import argparse
import math
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.utils import clip_grad_norm_

from captioner.config import CONFIGS, SentenceConfig, load_config
from captioner.data.batching import TargetGroup, group_targets, plan_buckets
from captioner.data.parallel_text import keep_trainable, read_parallel
from captioner.model.captioner_model import CaptionerModel
from captioner.model.config import CaptionerConfig
from captioner.preprocess.text import SourceTokens, pad_sources
from captioner.preprocess.tokenization import train_bpe_tokenizer
from captioner.training.losses import caption_loss
from captioner.training.objective import Objective
from captioner.training.optimizer import build_optimizer

Batch = tuple[SourceTokens, TargetGroup]
HEAD_DIM = 60
MOST_TOKENS = 512
PAD, BOS, EOS = 0, 1, 2


class Transformer(nn.Module):
    """torch's own encoder and decoder between one table of embeddings."""

    positions: Tensor

    def __init__(self, vocab_size: int, dim: int, num_layers: int, dropout: float) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, dim, padding_idx=PAD)
        nn.init.normal_(self.embedding.weight, std=dim**-0.5)
        self.body = nn.Transformer(
            dim, dim // HEAD_DIM, num_layers, num_layers, 4 * dim, dropout, batch_first=True
        )
        self.dropout = nn.Dropout(dropout)
        angles = torch.arange(MOST_TOKENS).unsqueeze(1) * 10_000 ** (-torch.arange(0, dim, 2) / dim)
        self.register_buffer(
            "positions", torch.stack([angles.sin(), angles.cos()], -1).flatten(1), persistent=False
        )

    def forward(self, sources: SourceTokens, target_input: Tensor) -> Tensor:
        """Return logits; torch's padding masks are True where nothing real stands."""
        causal = nn.Transformer.generate_square_subsequent_mask(target_input.shape[1]).isinf()
        hidden = self.body(
            self._embed(sources.token_ids),
            self._embed(target_input),
            tgt_mask=causal,
            src_key_padding_mask=~sources.mask,
            tgt_key_padding_mask=target_input == PAD,
            memory_key_padding_mask=~sources.mask,
            tgt_is_causal=True,
        )
        return nn.functional.linear(hidden, self.embedding.weight)

    def _embed(self, token_ids: Tensor) -> Tensor:
        scaled = self.embedding(token_ids) * math.sqrt(self.embedding.embedding_dim)
        embedded: Tensor = self.dropout(scaled + self.positions[: token_ids.shape[1]])
        return embedded


def num_parameters(model: nn.Module) -> int:
    """Count weights, each once."""
    return sum(parameter.numel() for parameter in model.parameters())


def like_sized(target: int, vocab_size: int, dim: int, dropout: float) -> Transformer:
    """Build the Transformer whose number of parameters is nearest to a given one."""
    models = [Transformer(vocab_size, dim, layers, dropout) for layers in range(1, 5)]
    return min(models, key=lambda model: abs(num_parameters(model) - target))


def read_batches(config: SentenceConfig, num: int) -> tuple[list[Batch], int]:
    """Make the first batches of the first epoch, and say how large the vocabulary is."""
    data, settings = config.data, config.training
    pairs, _ = keep_trainable(
        read_parallel(Path(data.source), Path(data.target)), data.max_words, data.max_ratio
    )
    tokenizer = train_bpe_tokenizer(
        [text for pair in pairs for text in (pair.source, pair.target)], data.max_vocab_size
    )

    def tokens(texts: Sequence[str], limit: int) -> list[list[int]]:
        return [
            ids[:limit] for ids in tokenizer(list(texts), add_special_tokens=False)["input_ids"]
        ]

    sources = tokens([pair.source for pair in pairs], config.encoder.max_positions - 1)
    targets = tokens([pair.target for pair in pairs], settings.max_target_length)
    target_lengths, source_lengths = ([len(ids) + 1 for ids in side] for side in (targets, sources))
    plan = plan_buckets(
        target_lengths, source_lengths, settings.batch_tokens, settings.seed, epoch=0
    )
    batches = []
    for batch in plan.batches[:num]:
        (group,) = group_targets(
            [[[BOS, *targets[number]]] for number in batch], EOS, PAD, num_groups=1
        )
        inputs = pad_sources([sources[batch[item]] for item in group.item_index.tolist()], EOS, PAD)
        in_order = TargetGroup(group.target_input, group.target_output, torch.arange(len(batch)))
        batches.append((inputs, in_order))
    return batches, len(tokenizer)


def ours(
    config: SentenceConfig, vocab_size: int
) -> tuple[nn.Module, Callable[[Batch], Tensor], torch.optim.Optimizer]:
    """Return our model, its loss of a batch, and its optimizer."""
    sections = {
        name: getattr(config, name).model_dump() for name in ("encoder", "decoder", "search")
    }
    model = CaptionerModel(CaptionerConfig(**sections, vocab_size=vocab_size)).train()
    objective = Objective(model, config, from_features=False, reward=None)

    def loss(batch: Batch) -> Tensor:
        result: Tensor = objective(batch[0], range(len(batch[0])), [batch[1]])
        return result

    return model, loss, build_optimizer(model, config.training)


def theirs(
    config: SentenceConfig, vocab_size: int, size: int
) -> tuple[nn.Module, Callable[[Batch], Tensor], torch.optim.Optimizer]:
    """Return the Transformer, its loss of a batch, and its optimizer."""
    model = like_sized(size, vocab_size, config.encoder.dim, config.decoder.dropout).train()

    def loss(batch: Batch) -> Tensor:
        logits = model(batch[0], batch[1].target_input)
        return caption_loss(logits, batch[1].target_output, PAD, config.training.label_smoothing)

    return model, loss, torch.optim.AdamW(model.parameters(), lr=config.training.learning_rate)


def step_s(
    model: nn.Module,
    loss: Callable[[Batch], Tensor],
    optimizer: torch.optim.Optimizer,
    batch: Batch,
) -> float:
    """Make one update and return how long it took, seconds."""
    start = time.perf_counter()
    optimizer.zero_grad()
    torch.autograd.backward(loss(batch) / len(batch[0]))
    clip_grad_norm_(model.parameters(), 5.0)
    optimizer.step()
    return time.perf_counter() - start


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("source")
    parser.add_argument("target")
    parser.add_argument("--config", default="multi30k-en-de")
    parser.add_argument("--steps", type=int, default=20)
    arguments = parser.parse_args()

    overrides = [f"data.source={arguments.source}", f"data.target={arguments.target}"]
    config = load_config(CONFIGS / f"{arguments.config}.toml", overrides)
    if not isinstance(config, SentenceConfig):
        raise SystemExit(f"{arguments.config} is no config of sentences")
    torch.manual_seed(0)
    batches, vocab_size = read_batches(config, arguments.steps + 1)
    own = ours(config, vocab_size)
    other = theirs(config, vocab_size, num_parameters(own[0]))
    rates: tuple[list[float], list[float]] = [], []
    for number, batch in enumerate(batches):
        num_tokens = int((batch[1].target_output != PAD).sum())
        for rate, (model, loss, optimizer) in zip(rates, (own, other), strict=True):
            taken = step_s(model, loss, optimizer, batch)
            if number:  # the first step sets the optimizer up
                rate.append(num_tokens / taken)

    machine = f"{platform.machine()}, {torch.get_num_threads()} threads, torch {torch.__version__}"
    print(
        f"{machine}; {arguments.config}, {len(batches) - 1} steps of {config.training.batch_tokens}"
        " tokens"
    )
    for name, (model, _, _), rate in zip(
        ("captioner", "nn.Transformer"), (own, other), rates, strict=True
    ):
        size = num_parameters(model) / 1e6
        print(
            f"{name:15} {size:5.2f} M parameters {statistics.median(rate):8.0f} target tokens/s"
            " (median)"
        )
    print(f"ratio {statistics.median(rates[0]) / statistics.median(rates[1]):.2f}")


if __name__ == "__main__":
    main()
