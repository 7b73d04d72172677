"""Search against a decoder that replays a table, whose probabilities can be multiplied by hand."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import Tensor

from captioner.config import SearchConfig
from captioner.modules.arrays import Array, integers, library, repeat, top_k
from captioner.modules.memory import GridLayout, Memory
from captioner.search import Hypothesis, beam, search
from captioner.search.contract import length_limits
from captioner.search.sampling import draw

EOS, A, B, C = range(4)
VOCAB = 4


@dataclass(frozen=True)
class Prefix:
    """Each row's words so far as the number of a node: BOS is node 0, word w after node n is
    node n * VOCAB + w + 1.
    """

    nodes: Array
    num_items: int

    def reorder(self, index: Array) -> "Prefix":
        return Prefix(self.nodes[index], self.num_items)

    def select(self, items: Array) -> "Prefix":
        return Prefix(self.nodes.reshape(self.num_items, -1)[items].flatten(), len(items))


class TableDecoder:
    """Replays `logits[item, node]` and looks at (item, node): the attention tells which prefix
    it belongs to.
    """

    def __init__(self, logits: Array) -> None:
        self.logits = logits
        self.num_steps = 0
        self.num_items: list[int] = []

    def start(self, memory: Memory, rows_per_item: int) -> Prefix:
        rows = len(memory) * rows_per_item
        return Prefix(integers([-1] * rows, memory.keys), len(memory))

    def step(self, token_ids: Array, state: Prefix, memory: Memory) -> tuple[Array, Prefix, Array]:
        self.num_steps += 1
        self.num_items.append(len(memory))
        xp, rows = library(memory.keys), len(token_ids) // len(memory)
        items = repeat(xp.asarray(memory.keys[:, 0, 0], dtype=xp.int64), rows)
        nodes = xp.where(state.nodes < 0, 0, state.nodes * VOCAB + token_ids + 1)
        return (
            self.logits[items, nodes],
            Prefix(nodes, len(memory)),
            xp.asarray(xp.stack([items, nodes], 1), dtype=xp.float32),
        )


def node_of(words: tuple[int, ...]) -> int:
    node = 0
    for word in words:
        node = node * VOCAB + word + 1
    return node


def random_logits(seed: int, items: int = 1, depth: int = 4, spread: float = 2.0) -> Tensor:
    num_nodes = sum(VOCAB**level for level in range(depth + 1))
    return spread * torch.randn(
        items, num_nodes, VOCAB, generator=torch.Generator().manual_seed(seed)
    )


def endless(logits: Array, eos: float = -math.inf) -> Tensor:
    return logits.index_fill(-1, torch.tensor(EOS), eos)


def memory_of(items: Sequence[int], logits: Array) -> Memory:
    """What a table's decoder reads: the items' numbers."""
    xp = library(logits)
    keys = xp.asarray(items, dtype=xp.float32).reshape(-1, 1, 1)
    return Memory(keys, keys, xp.ones((len(keys), 1), dtype=xp.bool), GridLayout(1, 1))


def run(
    logits: Array,
    forbidden: tuple[int, ...] = (),
    items: list[int] | None = None,
    **options: object,
):
    """Search the table's items (all, unless told) with the given options."""
    numbers = range(len(logits)) if items is None else items
    config = SearchConfig(**{"max_length": 4, "min_length": 0, **options})
    return search(
        TableDecoder(logits),
        memory_of(numbers, logits),
        config,
        bos_id=A,
        eos_id=EOS,
        forbidden_ids=forbidden,
    )


def told(hypotheses: list[Hypothesis]) -> list[tuple]:
    """All that a hypothesis says, in a form that can be compared."""
    return [
        tuple(x.tolist() if hasattr(x, "tolist") else x for x in vars(h).values())
        for h in hypotheses
    ]


def allowed_words(
    words: tuple[int, ...], min_length: int, ngram: int, forbidden: tuple[int, ...]
) -> list[int]:
    """The rules in plain Python."""
    seen = {words[i : i + ngram] for i in range(len(words) - ngram + 1)} if ngram else set()
    latest = words[len(words) - ngram + 1 :] if ngram else ()
    following = [w for w in (A, B, C) if w not in forbidden and (*latest, w) not in seen]
    return [EOS, *following] if len(words) >= min_length or not following else following


def plain_beam_search(
    logits: Array,
    width: int,
    max_length: int,
    penalty: float,
    min_length: int,
    ngram: int,
    forbidden=(),
) -> list[tuple[tuple[int, ...], float]]:
    """Beam search as the textbook has it: lists, loops, no early stop."""
    log_probs = logits.log_softmax(-1).tolist()
    live, ended = [((), 0.0)], []
    for _ in range(max_length + 1):
        candidates = [
            (words, word, total + log_probs[node_of(words)][word])
            for words, total in live
            for word in allowed_words(words, min_length, ngram, forbidden)
        ]
        candidates.sort(key=lambda candidate: -candidate[2])
        ended += [(words, total) for words, word, total in candidates[:width] if word == EOS]
        live = [((*words, word), total) for words, word, total in candidates if word != EOS][:width]
    scored = [(words, total / (len(words) + 1) ** penalty) for words, total in ended]
    return sorted(scored, key=lambda pair: -pair[1])


RULES = [
    {"penalty": 0.0, "min_length": 0, "ngram": 0},
    {"penalty": 1.0, "min_length": 0, "ngram": 0},
    {"penalty": 0.6, "min_length": 2, "ngram": 0},
    {"penalty": 2.0, "min_length": 4, "ngram": 1},
    {"penalty": 1.0, "min_length": 1, "ngram": 2, "forbidden": (B,)},
    {"penalty": 1.0, "min_length": 3, "ngram": 1, "forbidden": (A, C)},
]


def assert_same(found: list[Hypothesis], expected: list[tuple[tuple[int, ...], float]]) -> None:
    expected = expected[: len(found)]
    assert [h.token_ids for h in found[: len(expected)]] == [words for words, _ in expected]
    assert [h.score for h in found[: len(expected)]] == pytest.approx(
        [score for _, score in expected], abs=1e-5
    )
    assert all(h.finished for h in found[: len(expected)])


def options_of(rules: dict) -> dict:
    names = {"penalty": "length_penalty", "ngram": "no_repeat_ngram_size"}
    return {names.get(name, name): value for name, value in rules.items()}


@pytest.mark.parametrize("rules", RULES)
@pytest.mark.parametrize("seed", range(4))
def test_a_beam_as_wide_as_the_space_is_exhaustive_search(seed, rules):
    logits = random_logits(seed)
    log_probs = logits[0].log_softmax(-1).tolist()
    limits = {name: value for name, value in rules.items() if name != "penalty"}
    limits.setdefault("forbidden", ())
    every = []
    for words in itertools.chain.from_iterable(
        itertools.product((A, B, C), repeat=n) for n in range(5)
    ):
        path = [*words, EOS]
        if all(word in allowed_words(words[:i], **limits) for i, word in enumerate(path)):
            total = sum(log_probs[node_of(words[:i])][word] for i, word in enumerate(path))
            every.append((words, total / len(path) ** rules["penalty"]))
    every.sort(key=lambda pair: -pair[1])
    assert_same(run(logits, **options_of(rules), beam_size=400, num_captions=7)[0], every)


@pytest.mark.parametrize("rules", RULES)
@pytest.mark.parametrize("width", [2, 3, 5])
def test_beam_search_is_the_textbook_one(width, rules):
    for seed in range(6):
        logits = random_logits(seed)
        expected = plain_beam_search(logits[0], width, 4, **rules)
        assert_same(
            run(logits, **options_of(rules), beam_size=width, num_captions=width)[0], expected
        )


def test_a_beam_of_one_is_greedy():
    finished = 0
    for seed in range(20):
        logits = random_logits(seed)
        words: tuple[int, ...] = ()
        while len(words) <= 4 and (word := int(logits[0, node_of(words)].argmax())) != EOS:
            words = (*words, word)
        [hypothesis] = run(logits, beam_size=1, length_penalty=3.0)[0]
        assert hypothesis.token_ids == words[:4]
        assert hypothesis.finished == (len(words) <= 4)
        finished += hypothesis.finished
    assert 0 < finished < 20  # both ways of stopping were seen


def test_products_that_a_reader_can_multiply():
    probs = torch.full((1, 21, VOCAB), 0.25)
    probs[0, node_of(())] = torch.tensor([0.01, 0.5, 0.4, 0.09])
    probs[0, node_of((A,))] = torch.tensor([0.4, 0.2, 0.2, 0.2])  # A ends with 0.5 * 0.4 = 0.2
    probs[0, node_of((B,))] = torch.tensor([0.9, 0.05, 0.03, 0.02])  # B ends with 0.4 * 0.9 = 0.36
    best, second = run(probs.log(), beam_size=2, num_captions=2, max_length=2)[0]
    assert (best.token_ids, second.token_ids) == ((B,), (A,))
    assert math.exp(best.log_prob) == pytest.approx(0.36)
    assert best.score == pytest.approx(math.log(0.36) / 2)  # the length counts EOS
    assert [math.exp(x) for x in second.token_log_probs] == pytest.approx([0.5, 0.4])
    assert run(probs.log(), beam_size=1, max_length=2)[0][0].token_ids == (A,)


MODES = [
    {"beam_size": 1},
    {"beam_size": 3, "num_captions": 2},
    {"beam_size": 3, "num_captions": 3, "length_penalty": 0.0, "no_repeat_ngram_size": 2},
    {"beam_size": 4, "num_groups": 2, "num_captions": 3},
    {"sample": True, "num_captions": 3, "top_p": 0.8, "temperature": 1.3, "min_length": 1},
]


@pytest.mark.parametrize("options", MODES)
def test_a_batch_gives_what_its_items_give_alone(options):
    logits = random_logits(seed=5, items=7)
    logits[3, :, EOS] += 3  # ends long before the others
    batch = run(logits, **options)
    assert [told(item) for item in batch] == [
        told(run(logits, items=[i], **options)[0]) for i in range(7)
    ]
    assert [told(item) for item in run(logits, items=[6, 2, 2], **options)] == [
        told(batch[i]) for i in (6, 2, 2)
    ]


@pytest.mark.parametrize("penalty", [0.0, 0.7, 1.0, 3.0])
@pytest.mark.parametrize("options", MODES[1:4])
def test_stopping_early_changes_nothing(monkeypatch, options, penalty):
    logits = random_logits(seed=6, items=15)
    logits[..., EOS] += 1
    early = [
        told(run(logits, items=[i], **{**options, "length_penalty": penalty})[0]) for i in range(15)
    ]
    monkeypatch.setattr(beam, "settled", lambda best, *_: torch.zeros(len(best), dtype=torch.bool))
    late = [
        told(run(logits, items=[i], **{**options, "length_penalty": penalty})[0]) for i in range(15)
    ]
    assert early == late


@pytest.mark.parametrize("options", MODES[1:4])
def test_items_that_have_settled_leave_the_batch(options):
    logits = random_logits(seed=6, items=9)
    logits[2:5, :, EOS] += 9
    keys = torch.arange(9).reshape(-1, 1, 1).float()
    memory, decoder = (
        Memory(keys, keys, torch.ones(9, 1, dtype=torch.bool), GridLayout(1, 1)),
        TableDecoder(logits),
    )
    found = search(
        decoder, memory, SearchConfig(**{"max_length": 4, **options}), bos_id=A, eos_id=EOS
    )
    assert decoder.num_items[0] == 9 and 1 <= decoder.num_items[-1] <= 6
    assert all(
        h.attention_weights[:, 0].eq(item).all()
        for item, several in enumerate(found)
        for h in several
    )


def test_it_stops_early():
    probs = torch.full((1, 341, VOCAB), 0.05)
    probs[0, 0] = torch.tensor([0.02, 0.35, 0.6, 0.03])
    probs[0, node_of((B,)), EOS] = probs[0, node_of((A,)), A] = 0.85
    # B ends with log(0.51) / 2 ** 0.5 = -0.48; A A has log(0.2975) and can at best score it / 5 **
    # 0.5 = -0.54.
    decoder, keys = TableDecoder(probs.log()), torch.zeros(1, 1, 1)
    memory = Memory(keys, keys, torch.ones(1, 1, dtype=torch.bool), GridLayout(1, 1))
    search(
        decoder,
        memory,
        SearchConfig(max_length=4, beam_size=3, length_penalty=0.5),
        bos_id=A,
        eos_id=EOS,
    )
    assert decoder.num_steps == 2


@pytest.mark.parametrize("options", MODES)
def test_every_field_tells_of_the_same_words(options):
    logits = random_logits(seed=8, items=5)
    log_probs = logits.log_softmax(-1)
    for item, hypotheses in enumerate(run(logits, **options)):
        for h in hypotheses:
            path = [*h.token_ids, EOS] if h.finished else h.token_ids
            expected = [
                log_probs[item, node_of(h.token_ids[:i]), word].item()
                for i, word in enumerate(path)
            ]
            assert h.token_log_probs == pytest.approx(expected, abs=1e-5)
            assert h.log_prob == pytest.approx(sum(expected), abs=1e-5)
            assert h.score == pytest.approx(
                h.log_prob / len(path) ** options.get("length_penalty", 1.0), abs=1e-5
            )
            looked = [[item, node_of(h.token_ids[:i])] for i in range(len(h.token_ids))]
            assert h.attention_weights.tolist() == looked
        ranks = [(not h.finished, -h.score) for h in hypotheses]
        assert ranks == sorted(ranks)


HOSTILE = {
    "never ends": endless(random_logits(9)),
    "hardly ever ends": endless(random_logits(9), eos=-1e9),
    "ends at once": endless(random_logits(9), eos=1e9),
    "can do nothing but end": torch.full((1, 341, VOCAB), -math.inf).index_fill(
        -1, torch.tensor(EOS), 0.0
    ),
    "rules everything out": torch.full((1, 341, VOCAB), -math.inf),
    "lowest numbers": torch.full((1, 341, VOCAB), torch.finfo(torch.float32).min),
    "one word outshines all": torch.full((1, 341, VOCAB), -3e38).index_fill(
        -1, torch.tensor(A), 0.0
    ),
    "NaN": torch.full((1, 341, VOCAB), math.nan),
    "infinite": torch.full((1, 341, VOCAB), math.inf),
    "all alike": torch.zeros(1, 341, VOCAB),
    "half precision": random_logits(9).half(),
}


@pytest.mark.parametrize(
    "options",
    [*MODES, {"num_captions": 9, "length_penalty": 1000.0}, {"num_captions": 5, "max_length": 1}],
)
@pytest.mark.parametrize(("forbidden", "ngram"), [((), 0), ((), 1), ((A, C), 1)])
@pytest.mark.parametrize("logits", HOSTILE.values(), ids=HOSTILE)
def test_whatever_the_model_says(logits, ngram, forbidden, options):
    options = {"num_captions": 1, **options, "min_length": 1, "no_repeat_ngram_size": ngram}
    [hypotheses] = run(logits, forbidden, **options)
    assert len(hypotheses) == options["num_captions"]
    for h in hypotheses:
        assert 1 <= len(h.token_ids) <= options.get("max_length", 4)
        assert not {EOS, *forbidden} & set(h.token_ids)
        assert math.isfinite(h.log_prob) and math.isfinite(h.score)
        assert not (ngram and len(set(h.token_ids)) < len(h.token_ids))
        assert len(h.token_log_probs) == len(h.token_ids) + h.finished


@pytest.mark.parametrize("options", MODES)
def test_a_text_that_never_ends_is_cut(options):
    [hypotheses] = run(HOSTILE["never ends"], **{**options, "no_repeat_ngram_size": 0})
    assert all(len(h.token_ids) == 4 and not h.finished for h in hypotheses)


@pytest.mark.parametrize(
    "options", [{"beam_size": 3}, {"beam_size": 1}, {"beam_size": 4, "num_groups": 2}]
)
def test_a_text_of_few_positions_is_shorter(monkeypatch, options):
    """Each item has the limit of its own length: what it gives in a batch is what `max_length`
    gives it alone.
    """
    logits = endless(random_logits(3, items=3, depth=7), eos=-3.0)
    lengths = [1, 4, 2]
    keys = torch.tensor([[[float(item)]] * 4 for item in range(3)])
    mask = torch.tensor([[position < length for position in range(4)] for length in lengths])
    config = SearchConfig(max_length=6, min_length=0, max_length_ratio=1.5, **options)
    monkeypatch.setattr("captioner.search.contract.SPARE_WORDS", 1)
    memory = Memory(keys, keys, mask, GridLayout(1, 4))
    together = search(TableDecoder(logits), memory, config, bos_id=A, eos_id=EOS, forbidden_ids=())
    for item, longest in enumerate([2, 6, 4]):  # 1 + 1.5 * 4 is 7, and 6 the most of all
        (alone,) = run(logits[item : item + 1], max_length=longest, **options)
        # The table's attention tells the item's number, which is another one where it stands alone.
        assert [(h.token_ids, h.score, h.finished) for h in together[item]] == [
            (h.token_ids, h.score, h.finished) for h in alone
        ]


def test_a_huge_length_ratio_leaves_the_greatest_length():
    options = SearchConfig(max_length=6, max_length_ratio=1e30)
    memory = Memory(
        torch.ones(2, 3, 1),
        torch.ones(2, 3, 1),
        torch.ones(2, 3, dtype=torch.bool),
        GridLayout(1, 3),
    )
    assert length_limits(options, memory).tolist() == [6, 6]


def test_texts_that_end_come_before_texts_that_are_cut():
    logits = endless(random_logits(10), eos=-20.0)
    logits[0, 0, EOS] = -0.5  # only the empty text may end, and its score is not the best
    hypotheses = run(logits, beam_size=3, num_captions=3)[0]
    assert [h.finished for h in hypotheses] == [True, False, False]
    assert hypotheses[0].token_ids == () and hypotheses[0].attention_weights.shape == (0, 2)


def test_too_few_texts_are_filled_up_with_the_last():
    logits = random_logits(11)
    found = run(logits, (B, C), num_captions=5, max_length=1, min_length=1, beam_size=5)[0]
    assert [(h.token_ids, h.finished) for h in found] == [((A,), True)] * 5
    assert told(run(logits, num_captions=5, beam_size=1)[0]) == told(
        run(logits, num_captions=5, beam_size=5)[0]
    )


def test_equal_texts_are_ranked_by_token_id():
    logits = endless(torch.zeros(1, 341, VOCAB))
    assert run(logits, beam_size=3, num_captions=3)[0][0].token_ids == (A, A, A, A)
    assert top_k(torch.tensor([[1.0] * 500 + [3, 2]]), 4)[1].tolist() == [[500, 501, 0, 1]]
    assert top_k(torch.tensor([[1.0] * 500 + [3, 2]]), 3)[1].tolist() == [[500, 501, 0]]
    values = torch.tensor([[1.0, 3, 3, 2, 3, 2], [0, 1, 2, 3, 4, 5], [-math.inf] * 6])
    top, index = top_k(values, 4)
    assert index[:2].tolist() == [[1, 2, 4, 3], [5, 4, 3, 2]]
    assert torch.equal(top, values.sort(dim=-1, descending=True).values[:, :4])


@pytest.mark.parametrize("k", [3, 40, 99])
def test_the_greatest_of_numpys_values_are_those_of_torch(k):
    values = torch.randint(0, 9, (5, 60), generator=torch.Generator().manual_seed(k)).float()
    values[1, 2:], values[2] = -math.inf, -math.inf
    top, index = top_k(values.numpy(), k)
    expected, places = top_k(values, k)
    assert top.tolist() == expected.tolist()
    real = top > -math.inf
    assert index[real].tolist() == places.numpy()[real].tolist()
    assert all(len(set(row)) == min(k, 60) for row in index.tolist())


def test_ending_cannot_be_forbidden():
    logits = random_logits(14, spread=0.1)
    assert told(run(logits, (EOS, B))[0]) == told(run(logits, (B,))[0])


def test_nothing_gives_nothing():
    assert run(random_logits(0), items=[]) == []


def test_the_first_group_is_a_beam_search_and_the_others_differ_from_it():
    logits = random_logits(12, items=7, spread=1.0)
    logits[..., EOS] -= 2
    plain = run(logits, beam_size=2, num_captions=2)
    alike = run(logits, beam_size=6, num_groups=3, num_captions=3, diversity=0.0)
    diverse = run(
        logits, beam_size=6, num_groups=3, num_captions=3, diversity=100.0, length_penalty=1.0
    )
    for one, same, three in zip(plain, alike, diverse, strict=True):
        assert (
            one[0].token_ids in [h.token_ids for h in three]
            and len({h.token_ids for h in three}) == 3
        )
        assert told(one) == told(same[:2])  # what two groups both find counts once
    greedy = run(logits, beam_size=3, num_groups=3, num_captions=3, diversity=100.0, min_length=4)
    for (
        hypotheses
    ) in greedy:  # three words and three groups that must not meet: each position has all of them
        assert all(
            set(position) == {A, B, C}
            for position in zip(*(h.token_ids for h in hypotheses), strict=True)
        )


def test_diversity_is_counted_by_beam_and_only_for_the_choice():
    probs = torch.full((1, 21, VOCAB), 0.25)
    probs[0, 0] = torch.tensor([0.01, 0.6, 0.25, 0.14])
    options = {"beam_size": 2, "num_groups": 2, "num_captions": 2, "max_length": 1, "min_length": 1}
    for diversity, words in ((0.8, (A,)), (0.9, (B,))):  # log(0.6 / 0.25) is 0.875
        second = run(probs.log(), **options, diversity=diversity)[0][-1]
        assert second.token_ids == words
        assert second.token_log_probs[0] == pytest.approx(math.log(0.6 if words == (A,) else 0.25))


def test_a_group_that_has_ended_keeps_no_word_from_the_others():
    probs = torch.full((1, 21, VOCAB), 0.25)
    probs[0, 0] = torch.tensor([0.01, 0.58, 0.4, 0.01])
    probs[0, node_of((A,))] = torch.tensor(
        [0.9, 0.01, 0.01, 0.08]
    )  # the first group ends; C would have come next
    probs[0, node_of((B,))] = torch.tensor([0.1, 0.32, 0.18, 0.4])
    found = run(
        probs.log(), beam_size=2, num_groups=2, num_captions=2, max_length=2, diversity=0.5
    )[0]
    assert {h.token_ids for h in found} == {(A,), (B, C)}


def test_samples_follow_the_nucleus():
    probs = torch.tensor([0.1, 0.45, 0.05, 0.4]).expand(1, 21, VOCAB)
    n = 4000
    found = run(probs.log(), sample=True, num_captions=n, top_p=0.8, max_length=2, min_length=1)[0]
    assert {word for h in found for word in h.token_ids} == {A, C}
    expected = {
        words: math.prod({A: 0.45, C: 0.4}[w] / 0.85 for w in words)
        for words in itertools.product((A, C), repeat=2)
    }
    for words, share in expected.items():
        spread = math.sqrt(share * (1 - share) / n)
        assert sum(h.token_ids == words for h in found) / n == pytest.approx(share, abs=4 * spread)


def test_samples_follow_the_temperature():
    probs = torch.tensor([0.1, 0.45, 0.05, 0.4]).expand(1, 21, VOCAB)
    found = run(
        probs.log(), sample=True, num_captions=4000, top_p=1.0, temperature=2.0, max_length=1
    )[0]
    first = [h.token_ids[0] if h.token_ids else EOS for h in found]
    for word, weight in enumerate(probs[0, 0].sqrt() / probs[0, 0].sqrt().sum()):
        assert first.count(word) / 4000 == pytest.approx(weight.item(), abs=0.032)


def test_a_seed_gives_the_same_samples_and_another_one_others():
    logits = random_logits(13, items=3, spread=0.3)
    options = {"sample": True, "num_captions": 5, "top_p": 1.0}
    first, again, other = (run(logits, **options, seed=seed)[0] for seed in (0, 0, 1))
    assert told(first) == told(again) != told(other)


def test_a_flat_nucleus_wider_than_the_first_look():
    log_probs = torch.zeros(1, 1000).log_softmax(-1)
    drawn = [draw(log_probs, torch.tensor([u]), 1.0, 0.9).item() for u in (0.0, 0.5, 1 - 2**-24)]
    assert drawn == [0, 450, 899]


def test_the_whole_vocabulary_is_drawn_from_at_every_number():
    log_probs = torch.tensor([[0.1, 0.45, 0.0, 0.45]]).log()
    drawn = [
        draw(log_probs, torch.tensor([u]), 1.0, 1.0).item()
        for u in (0.0, 0.099, 0.101, 0.549, 0.551, 1 - 2**-24)
    ]
    assert drawn == [0, 0, 1, 1, 3, 3]


def test_without_a_seed_every_item_and_every_time_has_its_own_samples():
    logits = random_logits(13, spread=0.3).expand(2, -1, -1)
    options = {"sample": True, "num_captions": 5, "top_p": 1.0}

    def words(**seed):
        return [[h.token_ids for h in found] for found in run(logits, **options, **seed)]

    assert len(set(map(str, words()))) == 1
    first, again = words(seed=None), words(seed=None)
    assert first[0] != first[1] and first[0] != again[0]


def test_words_that_may_occur_once_do_and_others_are_free():
    logits = torch.zeros(1, 400, 4)
    logits[..., A], logits[..., B], logits[..., EOS] = 3.0, 2.0, -5.0
    keys = torch.zeros(1, 1, 1)
    memory = Memory(keys, keys, torch.ones(1, 1, dtype=torch.bool), GridLayout(1, 1))

    def words(once: list[int], **options: object) -> tuple[int, ...]:
        config = SearchConfig(**{"max_length": 4, "beam_size": 1, **options})
        return search(TableDecoder(logits), memory, config, bos_id=A, eos_id=EOS, once_ids=once)[0][
            0
        ].token_ids

    assert list(words([])) == [A, A, A, A]
    assert list(words([A])) == [A, B, B, B]
    assert list(words([A], beam_size=3)).count(A) == 1
    assert list(words([A, B], sample=True, temperature=0.1)).count(A) == 1


def required_run(
    logits: Array, required: list[list[int]], **options: object
) -> list[list[Hypothesis]]:
    memory = memory_of(range(len(logits)), logits)
    config = SearchConfig(**{"max_length": 4, "min_length": 0, **options})
    return search(TableDecoder(logits), memory, config, bos_id=A, eos_id=EOS, required_ids=required)


def meets(words: tuple[int, ...], required: list[list[int]]) -> bool:
    return all(set(words) & set(one) for one in required)


@pytest.mark.parametrize("required", [[[B]], [[B], [C]], [[A], [A, B]]])
def test_required_words_with_beams_enough_give_the_best_text_that_has_them(required):
    logits = random_logits(5, items=3)
    log_probs = logits.log_softmax(-1)
    texts = [
        words
        for length in range(5)
        for words in itertools.product((A, B, C), repeat=length)
        if meets(words, required)
    ]
    for item, found in enumerate(
        required_run(logits, required, beam_size=100, length_penalty=0.7, num_captions=2)
    ):

        def score(words: tuple[int, ...], item: int = item) -> float:
            steps = [
                log_probs[item, node_of(words[:at]), word] for at, word in enumerate((*words, EOS))
            ]
            return float(sum(steps)) / len(steps) ** 0.7

        best = sorted(texts, key=score, reverse=True)[:2]
        assert [one.token_ids for one in found] == best
        assert found[0].score == pytest.approx(score(best[0]), abs=1e-4)


@pytest.mark.parametrize(
    "options", [{"beam_size": 1}, {"beam_size": 2}, {"beam_size": 4, "num_groups": 2}]
)
def test_required_words_are_there_whatever_the_beams_and_a_batch_equals_its_items(options):
    logits = random_logits(7, items=4)
    logits[..., C] -= 9
    required = [[B], [C]]
    together = required_run(logits, required, num_captions=2, **options)
    assert all(
        len(found) == 2 and all(meets(one.token_ids, required) for one in found)
        for found in together
    )
    for item in range(4):
        assert told(required_run(logits[item : item + 1], required, num_captions=2, **options)[0])[
            0
        ][0] == (together[item][0].token_ids)


def begun(logits: Array, begin: list[int], required: list[list[int]] = [], **options: object):  # noqa: B006
    memory = memory_of(range(len(logits)), logits)
    config = SearchConfig(**{"max_length": 4, "min_length": 0, **options})
    ids = {"required_ids": required, "forbidden_ids": [B], "once_ids": [A]}
    first = [A, B, C][: len(logits)]  # may differ from item to item
    return search(
        TableDecoder(logits), memory, config, bos_id=first, eos_id=EOS, begin_ids=begin, **ids
    )


@pytest.mark.parametrize("begin", [[C], [C, A], [B, B, C]])
@pytest.mark.parametrize("required", [[], [[C]], [[A], [C]]])
def test_a_beginning_is_counted_and_the_best_text_behind_it_found(begin, required):
    logits = random_logits(11, items=3)
    logits[..., begin[0]] -= 5  # nothing would begin so
    log_probs = logits.log_softmax(-1)
    behind = [
        rest
        for length in range(5 - len(begin))
        for rest in itertools.product((A, C), repeat=length)
    ]
    texts = [(*begin, *rest) for rest in behind if meets((*begin, *rest), required)]
    texts = [text for text in texts if text[len(begin) :].count(A) <= (A not in begin)]
    for item, (found, *_) in enumerate(
        begun(logits, begin, required, beam_size=100, length_penalty=0.7)
    ):
        steps = {
            words: [
                float(log_probs[item, node_of(words[:at]), word])
                for at, word in enumerate((*words, EOS))
            ]
            for words in texts
        }
        best = max(texts, key=lambda words: sum(steps[words]) / len(steps[words]) ** 0.7)
        assert found.token_ids == best
        assert found.log_prob == pytest.approx(sum(steps[best]), abs=1e-4)
        assert found.score == pytest.approx(sum(steps[best]) / len(steps[best]) ** 0.7, abs=1e-4)
        assert found.token_log_probs == pytest.approx(steps[best], abs=1e-4)
        assert len(found.attention_weights) == len(best)


@pytest.mark.parametrize(
    "options", [{"sample": True}, {"beam_size": 1}, {"beam_size": 4, "num_groups": 2}]
)
def test_every_caption_of_every_search_has_the_beginning(options):
    found = begun(random_logits(12, items=3), [B, C], num_captions=4, **options)
    assert all(
        len(several) == 4 and all(one.token_ids[:2] == (B, C) for one in several)
        for several in found
    )


def test_a_beginning_takes_no_more_steps():
    logits = random_logits(13)
    memory = Memory(
        torch.zeros(1, 1, 1),
        torch.zeros(1, 1, 1),
        torch.ones(1, 1, dtype=torch.bool),
        GridLayout(1, 1),
    )
    free, given = TableDecoder(logits), TableDecoder(logits)
    config = SearchConfig(max_length=4, beam_size=2)
    text = search(free, memory, config, bos_id=A, eos_id=EOS)[0][0].token_ids
    assert (
        search(given, memory, config, bos_id=A, eos_id=EOS, begin_ids=text[:2])[0][0].token_ids
        == text
    )
    assert given.num_steps <= free.num_steps


def test_required_words_that_just_fit_come_although_the_text_would_rather_end():
    logits = random_logits(3)
    logits[..., EOS] += 9
    found = required_run(logits, [[A], [B], [C]], beam_size=2, num_captions=3, max_length=3)[0]
    assert len(found) == 3 and all(set(one.token_ids) == {A, B, C} for one in found)


def assert_alike(found: list[list[Hypothesis]], expected: list[list[Hypothesis]]) -> None:
    """Texts to the letter, numbers to rounding."""
    for several, wanted in zip(found, expected, strict=True):
        for one, other in zip(several, wanted, strict=True):
            assert isinstance(one.attention_weights, np.ndarray)
            assert (one.token_ids, one.finished) == (other.token_ids, other.finished)
            assert one.score == pytest.approx(other.score, abs=1e-5)
            assert one.token_log_probs == pytest.approx(other.token_log_probs, abs=1e-5)
            assert one.attention_weights.tolist() == other.attention_weights.tolist()


@pytest.mark.parametrize("options", [*MODES, {"beam_size": 9, "num_captions": 9}])
def test_arrays_of_numpy_are_searched_as_tensors_are(options):
    logits = random_logits(seed=15, items=9)
    logits[2:5, :, EOS] += 4  # these leave the batch first
    assert_alike(run(logits.numpy(), (B,), **options), run(logits, (B,), **options))
    ngram = {**options, "no_repeat_ngram_size": 1}
    assert_alike(begun(logits[:3].numpy(), [B, C], **ngram), begun(logits[:3], [B, C], **ngram))
    if not options.get("sample"):
        both = (required_run(one, [[B], [A, C]], **options) for one in (logits.numpy(), logits))
        assert_alike(*both)


@pytest.mark.parametrize("name", [name for name in HOSTILE if name != "half precision"])
@pytest.mark.parametrize("options", MODES)
def test_arrays_of_numpy_survive_whatever_the_model_says(name, options):
    logits = HOSTILE[name]
    assert_alike(run(logits.numpy(), **options), run(logits, **options))
