"""What a hint is worth where it is right, and how often it is followed where it is wrong.

    python benchmarks/hints.py --images DIR --references FILE --split FILE [--photos 250] [--odds 3
    10 30 100]

A right hint is simulated by the nouns of a photo's first reference that the model detects, at most
two, the rarest first; the others judge. A wrong one is that of another photo, none of whose words
any reference of the photo has. Printed are, for each strength of a hint, CIDEr with a right and
with a wrong one, in how many captions a word of it stands, and how many captions a wrong one leaves
as they were.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import torch

from captioner.evaluation.captions import read_examples
from captioner.metrics import Scorer
from captioner.model import generation
from captioner.modules.memory import Memory
from captioner.pipeline import Captioner, load_captioner
from captioner.preprocess.inflection import IRREGULAR, plural_of
from captioner.preprocess.tokenization import words_of

BATCH = 25
MOST_HINTS = 2


def is_noun(word: str, vocabulary: set[str]) -> bool:
    """Guess by its forms: a plural is known, or a singular, and no form in -ing."""
    stem = word.removesuffix("s")
    has_plural = (
        plural_of(word) in vocabulary
        or (stem != word and stem in vocabulary)
        or word in IRREGULAR.values()
    )
    forms = (f"{stem}ing", f"{stem.removesuffix('e')}ing", f"{stem}{stem[-1:]}ing")
    return len(word) > 2 and has_plural and not any(form in vocabulary for form in forms)


def written(
    captioner: Captioner, memories: list[Memory], hints: list[tuple[str, ...]], odds: float
) -> list[str]:
    """Caption photos, each with its hint."""
    generation.HINT_ODDS = odds
    texts = []
    with torch.inference_mode():
        for number, hint in enumerate(hints):
            search = captioner.options(hint=hint)
            memory = memories[number // BATCH].select(torch.tensor([number % BATCH]))
            found = captioner.model.search(captioner.model.hinted(memory, search), search)
            texts += captioner.model.decode([found[0][0]])
    return texts


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=Path, required=True)
    parser.add_argument("--references", type=Path, required=True)
    parser.add_argument("--split", required=True)
    parser.add_argument("--model", default="everyday")
    parser.add_argument("--photos", type=int, default=250)
    parser.add_argument("--odds", type=float, nargs="+", default=[3, 10, 30, 100])
    options = parser.parse_args()

    captioner = load_captioner(options.model, "cpu", "torch")
    examples = read_examples(options.images, options.references, options.split)[: options.photos]
    tokenizer: Any = captioner.model.tokenizer
    known = captioner.model.config.encoder["concept_words"]
    vocabulary, rank = (
        set(tokenizer.get_vocab()),
        {word: number for number, word in enumerate(known)},
    )
    memories = []
    with torch.inference_mode():
        for start in range(0, len(examples), BATCH):
            photos = [
                captioner.preprocess(captioner.preprocess.read(one.image))
                for one in examples[start : start + BATCH]
            ]
            memories.append(captioner.model.encode(np.stack(photos)))
    said = [
        frozenset[str]().union(*(words_of(text, tokenizer) for text in one.captions))
        for one in examples
    ]
    right = []
    for one in examples:
        nouns = [
            word
            for word in words_of(one.captions[0], tokenizer)
            if word in rank and is_noun(word, vocabulary)
        ]
        right.append(tuple(sorted(nouns, key=rank.__getitem__, reverse=True)[:MOST_HINTS]))
    wrong = []
    for number, words in enumerate(said):
        others = (right[(number + step) % len(right)] for step in range(1, len(right)))
        wrong.append(next((hint for hint in others if hint and not words.intersection(hint)), ()))

    scorer = Scorer({number: one.captions[1:] for number, one in enumerate(examples)})

    def cider(texts: list[str]) -> float:
        return scorer.score(dict(enumerate(texts))).scores["CIDEr"]

    def followed(texts: list[str], hints: list[tuple[str, ...]]) -> float:
        return sum(
            bool(set(text.split()) & set(hint)) for text, hint in zip(texts, hints, strict=True)
        ) / len(texts)

    free = written(captioner, memories, [()] * len(examples), 1.0)
    print(
        f"{len(examples)} photos, {sum(map(len, right)) / len(right):.2f} right words a photo, such"
        f" as {right[:4]}"
    )
    print(
        f"no hint: CIDEr {cider(free):.1f}; a right word stands in {followed(free, right):.1%}, a"
        " wrong one in ",
        end="",
    )
    print(f"{followed(free, wrong):.1%}", flush=True)
    for odds in options.odds:
        told, misled = (
            written(captioner, memories, right, odds),
            written(captioner, memories, wrong, odds),
        )
        same = sum(a == b for a, b in zip(misled, free, strict=True)) / len(free)
        print(
            f"odds {odds:g}: right {cider(told):.1f}, a word of it in {followed(told, right):.1%};"
            " wrong "
            f"{cider(misled):.1f}, a word of it in {followed(misled, wrong):.1%}, {same:.1%}"
            " unchanged",
            flush=True,
        )


if __name__ == "__main__":
    main()
