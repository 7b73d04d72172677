"""A translator beside torch's own `nn.Transformer`: training speed, and BLEU after an equal time.

    python benchmarks/translation_training.py SOURCE TARGET [--config multi30k-en-de] [--steps 20]
    python benchmarks/translation_training.py SOURCE TARGET --config en-de-fr --precision bf16 \
        --minutes 20 --model nn.Transformer --judge VAL_SOURCE VAL_TARGET [--judge ...]

SOURCE and TARGET are aligned line by line. Tokenizer, batches and settings are those that
`captioner train` makes of them and the config. The first command shows both models the same batches
in turn, in one process: forward, backward, clipped gradients and AdamW's update. Target tokens are
real ones, EOS included, no padding. The second trains one of them for so many minutes of processor
time, with the config's warm-up and a cosine over the time, and prints the BLEU of greedy search on
each judged pair of files; run it once for each model.

The Transformer has sinusoid positions (Vaswani et al. 2017, arXiv:1706.03762), its norms before
each layer (Xiong et al. 2020, arXiv:2002.04745), the same table of embeddings for source, target
and output, and as many layers of feed-forward width 4 * dim as bring its number of parameters
nearest to ours.
"""

import argparse
import contextlib
import itertools
import math
import platform
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn.utils import clip_grad_norm_

from captioner.config import CONFIGS, SearchConfig, SentenceConfig, load_config
from captioner.data.batching import TargetGroup, group_targets, plan_buckets
from captioner.data.parallel_text import keep_trainable, read_parallel
from captioner.metrics.translation import TranslationScorer
from captioner.model.captioner_model import CaptionerModel
from captioner.model.config import CaptionerConfig
from captioner.preprocess.text import SourceTokens, pad_sources
from captioner.preprocess.tokenization import train_bpe_tokenizer
from captioner.training.losses import caption_loss
from captioner.training.objective import Objective
from captioner.training.optimizer import build_optimizer, learning_rate_factor

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

Batch = tuple[SourceTokens, TargetGroup]
HEAD_DIM = 60
MOST_TOKENS = 512
SENTENCES_AT_ONCE = 64
PAD, BOS, EOS = 0, 1, 2
MODELS = ("captioner", "nn.Transformer")


class Transformer(nn.Module):
    """torch's own encoder and decoder between one table of embeddings."""

    positions: Tensor

    def __init__(self, vocab_size: int, dim: int, num_layers: int, dropout: float) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, dim, padding_idx=PAD)
        nn.init.normal_(self.embedding.weight, std=dim**-0.5)
        self.body = nn.Transformer(
            dim,
            dim // HEAD_DIM,
            num_layers,
            num_layers,
            4 * dim,
            dropout,
            batch_first=True,
            norm_first=True,
        )
        self.dropout = nn.Dropout(dropout)
        angles = torch.arange(MOST_TOKENS).unsqueeze(1) * 10_000 ** (-torch.arange(0, dim, 2) / dim)
        self.register_buffer(
            "positions", torch.stack([angles.sin(), angles.cos()], -1).flatten(1), persistent=False
        )

    def forward(self, sources: SourceTokens, target_input: Tensor) -> Tensor:
        """Return logits; torch's padding masks are True where nothing real stands."""
        return self.decode(self.encode(sources), sources, target_input)

    def encode(self, sources: SourceTokens) -> Tensor:
        """Encode sources."""
        hidden: Tensor = self.body.encoder(
            self._embed(sources.token_ids), src_key_padding_mask=~sources.mask
        )
        return hidden

    def decode(self, encoded: Tensor, sources: SourceTokens, target_input: Tensor) -> Tensor:
        """Return the logits of each next token."""
        causal = nn.Transformer.generate_square_subsequent_mask(target_input.shape[1]).isinf()
        hidden = self.body.decoder(
            self._embed(target_input),
            encoded,
            tgt_mask=causal,
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


class Corpus:
    """Sentence pairs as token ids, in batches as `captioner train` makes them.

    Attributes:
        tokenizer: Learnt from both sides.

    Args:
        config: Names the files.
    """

    def __init__(self, config: SentenceConfig) -> None:
        data, self._settings = config.data, config.training
        pairs, _ = keep_trainable(
            read_parallel(Path(data.source), Path(data.target)), data.max_words, data.max_ratio
        )
        self.tokenizer: PreTrainedTokenizerFast = train_bpe_tokenizer(
            [text for pair in pairs for text in (pair.source, pair.target)], data.max_vocab_size
        )
        self._source_limit = config.encoder.max_positions - 1
        self._sources = self._tokens([pair.source for pair in pairs], self._source_limit)
        self._targets = self._tokens(
            [pair.target for pair in pairs], self._settings.max_target_length
        )

    def _tokens(self, texts: Sequence[str], limit: int) -> list[list[int]]:
        ids = self.tokenizer(list(texts), add_special_tokens=False)["input_ids"]
        return [one[:limit] for one in ids]

    def source_tokens(self, texts: Sequence[str]) -> SourceTokens:
        """Return sources that are not learnt from."""
        return pad_sources(self._tokens(texts, self._source_limit), EOS, PAD)

    def batches(self, epoch: int) -> Iterator[Batch]:
        """Yield the batches of an epoch."""
        target_lengths, source_lengths = (
            [len(ids) + 1 for ids in side] for side in (self._targets, self._sources)
        )
        plan = plan_buckets(
            target_lengths,
            source_lengths,
            self._settings.batch_tokens,
            self._settings.seed,
            epoch=epoch,
        )
        for batch in plan.batches:
            (group,) = group_targets(
                [[[BOS, *self._targets[number]]] for number in batch], EOS, PAD, num_groups=1
            )
            inputs = pad_sources(
                [self._sources[batch[item]] for item in group.item_index.tolist()], EOS, PAD
            )
            in_order = TargetGroup(
                group.target_input, group.target_output, torch.arange(len(batch))
            )
            yield inputs, in_order


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


Translate = Callable[[SourceTokens], list[list[int]]]


def greedily(model: nn.Module) -> Translate:
    """Return what translates sources by greedy search."""
    if isinstance(model, Transformer):
        transformer = model  # which keeps its type in the function below

        def translate(sources: SourceTokens) -> list[list[int]]:
            encoded = transformer.encode(sources)
            written = torch.full((len(sources), 1), BOS)
            ended = torch.zeros(len(sources), dtype=torch.bool)
            while not ended.all() and written.shape[1] <= 1.5 * sources.token_ids.shape[1] + 5:
                best = transformer.decode(encoded, sources, written)[:, -1].argmax(-1)
                best = torch.where(ended, EOS, best)
                ended |= best == EOS
                written = torch.cat([written, best.unsqueeze(1)], 1)
            return [ids[1:].tolist() for ids in written]

        return translate

    assert isinstance(model, CaptionerModel)
    captioner = model
    greedy = SearchConfig(beam_size=1, max_length=64, max_length_ratio=1.5)
    return lambda sources: [
        list(found[0].token_ids) for found in captioner.search(captioner.encode(sources), greedy)
    ]


@torch.inference_mode()
def bleu(model: nn.Module, corpus: Corpus, source: Path, target: Path) -> float:
    """Return the BLEU of a model's translations of a file."""
    pairs = read_parallel(source, target)
    translate = greedily(model.eval())
    by_length = sorted(range(len(pairs)), key=lambda number: len(pairs[number].source))
    texts: dict[int, str] = {}
    for start in range(0, len(pairs), SENTENCES_AT_ONCE):
        numbers = by_length[start : start + SENTENCES_AT_ONCE]
        ids = translate(corpus.source_tokens([pairs[number].source for number in numbers]))
        texts |= zip(
            numbers, corpus.tokenizer.batch_decode(ids, skip_special_tokens=True), strict=True
        )
    scorer = TranslationScorer({number: [pair.target] for number, pair in enumerate(pairs)})
    return scorer.score(texts).scores["BLEU"]


def train_for(
    minutes: float,
    model: nn.Module,
    loss: Callable[[Batch], Tensor],
    optimizer: torch.optim.Optimizer,
    corpus: Corpus,
    config: SentenceConfig,
) -> tuple[int, int]:
    """Train until the processor time is over; return the number of updates and of target tokens."""
    # Our optimizer keeps each group's peak rate apart; torch's own has it as the rate.
    peaks = [group.get("peak", group["lr"]) for group in optimizer.param_groups]
    started, taken, updates, tokens = time.process_time(), 0.0, 0, 0
    for epoch in itertools.count():
        for batch in corpus.batches(epoch):
            # As far through the run as time is, counted in the updates that it then has.
            part = taken / (60 * minutes)
            total = round(updates / part) if part else config.training.warmup_steps * 100
            factor = learning_rate_factor(updates, total, config.training.warmup_steps)
            for group, peak in zip(optimizer.param_groups, peaks, strict=True):
                group["lr"] = peak * factor
            step_s(model, loss, optimizer, batch)
            updates += 1
            tokens += int((batch[1].target_output != PAD).sum())
            taken = time.process_time() - started
            if taken > 60 * minutes:
                return updates, tokens
    raise AssertionError  # the count has no end


def step_s(
    model: nn.Module,
    loss: Callable[[Batch], Tensor],
    optimizer: torch.optim.Optimizer,
    batch: Batch,
) -> float:
    """Make one update and return how long it took, seconds."""
    start = time.perf_counter()
    optimizer.zero_grad()
    num_tokens = (batch[1].target_output != PAD).sum()
    torch.autograd.backward(loss(batch) / num_tokens)
    clip_grad_norm_(model.parameters(), 5.0)
    optimizer.step()
    return time.perf_counter() - start


def compare_speed(config: SentenceConfig, corpus: Corpus, steps: int) -> None:
    """Print how many target tokens a second each model learns."""
    own = ours(config, len(corpus.tokenizer))
    other = theirs(config, len(corpus.tokenizer), num_parameters(own[0]))
    rates: tuple[list[float], list[float]] = [], []
    for number, batch in enumerate(itertools.islice(corpus.batches(0), steps + 1)):
        num_tokens = int((batch[1].target_output != PAD).sum())
        for rate, (model, loss, optimizer) in zip(rates, (own, other), strict=True):
            taken = step_s(model, loss, optimizer, batch)
            if number:  # the first step sets the optimizer up
                rate.append(num_tokens / taken)
    for name, (model, _, _), rate in zip(MODELS, (own, other), rates, strict=True):
        size = num_parameters(model) / 1e6
        print(
            f"{name:15} {size:5.2f} M parameters {statistics.median(rate):8.0f} target tokens/s"
            " (median)"
        )
    print(f"ratio {statistics.median(rates[0]) / statistics.median(rates[1]):.2f}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("source")
    parser.add_argument("target")
    parser.add_argument("--config", default="multi30k-en-de")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--minutes", type=float, default=0)
    parser.add_argument("--model", choices=MODELS, default=MODELS[0])
    parser.add_argument("--judge", nargs=2, type=Path, action="append", default=[])
    parser.add_argument("--precision", choices=["no", "bf16"], default="no")
    parser.add_argument("--learning-rate", type=float, default=0)
    arguments = parser.parse_args()

    overrides = [f"data.source={arguments.source}", f"data.target={arguments.target}"]
    if arguments.learning_rate:
        overrides.append(f"training.learning_rate={arguments.learning_rate}")
    config = load_config(CONFIGS / f"{arguments.config}.toml", overrides)
    if not isinstance(config, SentenceConfig):
        raise SystemExit(f"{arguments.config} is no config of sentences")
    torch.manual_seed(0)
    corpus = Corpus(config)
    print(
        f"{platform.machine()}, {torch.get_num_threads()} threads, torch {torch.__version__};"
        f" {arguments.config}, {config.training.batch_tokens} tokens an update, precision"
        f" {arguments.precision}"
    )
    autocast = (
        torch.autocast("cpu", torch.bfloat16)
        if arguments.precision == "bf16"
        else contextlib.nullcontext()
    )
    with autocast:
        if not arguments.minutes:
            compare_speed(config, corpus, arguments.steps)
            return
        own = ours(config, len(corpus.tokenizer))
        trained = own
        if arguments.model != MODELS[0]:
            trained = theirs(config, len(corpus.tokenizer), num_parameters(own[0]))
        updates, tokens = train_for(arguments.minutes, *trained, corpus, config)
    print(
        f"{arguments.model}: {num_parameters(trained[0]) / 1e6:.2f} M parameters, peak rate"
        f" {config.training.learning_rate:g}, {updates:,} updates, {tokens:,} target tokens in"
        f" {arguments.minutes:g} minutes of processor time"
    )
    for source, target in arguments.judge:
        print(f"BLEU {bleu(trained[0], corpus, source, target):.1f} on {source.name}", flush=True)


if __name__ == "__main__":
    main()
