"""Forward equals repeated step, whatever the cell, the attention and the batch."""

import itertools

import pytest
import torch

from captioner.config import DecoderConfig, SearchConfig
from captioner.errors import ShapeError
from captioner.modules.decoder import AttentionDecoder
from captioner.modules.memory import GridLayout, Memory
from captioner.search import search
from captioner.training.losses import caption_loss

PAD, BOS, EOS = 0, 1, 2
VOCAB, DIM = 11, 7
MASK = [[True] * 5, [True, True, False, True, False], [False, False, False, True, True]]
KINDS = list(itertools.product(["lstm", "gru"], ["additive", "dot"], [True, False]))


def build(
    cell: str = "lstm", attention: str = "additive", tied: bool = True, **changes: object
) -> AttentionDecoder:
    torch.manual_seed(0)
    settings = {"embedding_dim": 9, "hidden_dim": 13, "attention_dim": 6, **changes}
    config = DecoderConfig(cell=cell, attention=attention, tie_embeddings=tied, **settings)
    decoder = AttentionDecoder(config, VOCAB, DIM, PAD).requires_grad_(False)
    return decoder.train(False)


def make_memory(mask: list[list[bool]] = MASK) -> Memory:
    real = torch.tensor(mask)
    keys, values = torch.randn(2, *real.shape, DIM, generator=torch.Generator().manual_seed(1))
    return Memory(keys, values, real, GridLayout(1, real.shape[1]))


def make_words(rows: int, length: int = 6) -> torch.Tensor:
    words = torch.randint(3, VOCAB, (rows, length), generator=torch.Generator().manual_seed(2))
    words[:, 0] = BOS
    return words


def stepped(decoder, words, memory, rows_per_item=1):
    """What repeated `step` says."""
    state, logits, weights = decoder.start(memory, rows_per_item), [], []
    for position in range(words.shape[1]):
        scored, state, looked = decoder.step(words[:, position], state, memory)
        logits.append(scored)
        weights.append(looked)
    return torch.stack(logits, 1), torch.stack(weights, 1)


@pytest.mark.parametrize(("cell", "attention", "tied"), KINDS)
@pytest.mark.parametrize("rows_per_item", [1, 3])
def test_forward_equals_repeated_step(cell, attention, tied, rows_per_item):
    decoder, memory = build(cell, attention, tied), make_memory()
    words = make_words(3 * rows_per_item)
    for whole, parts in zip(
        decoder(words, memory), stepped(decoder, words, memory, rows_per_item), strict=True
    ):
        torch.testing.assert_close(whole, parts, atol=1e-5, rtol=0)


@pytest.mark.parametrize(("cell", "attention", "tied"), KINDS)
def test_what_stands_at_padding_changes_nothing(cell, attention, tied):
    decoder, memory, words = build(cell, attention, tied), make_memory(), make_words(3)
    real = memory.mask.unsqueeze(-1)
    changed = Memory(
        torch.where(real, memory.keys, 1e3),
        torch.where(real, memory.values, -1e3),
        memory.mask,
        memory.layout,
    )
    (logits, weights), (changed_logits, changed_weights) = (
        decoder(words, memory),
        decoder(words, changed),
    )
    assert torch.equal(logits, changed_logits)
    assert torch.equal(weights, changed_weights)
    assert not weights.masked_select(~memory.mask.unsqueeze(1)).any()


@pytest.mark.parametrize(("cell", "attention", "tied"), KINDS)
def test_batch_equals_singles(cell, attention, tied):
    decoder, memory, words = build(cell, attention, tied), make_memory(), make_words(3)
    logits, weights = decoder(words, memory)
    for item in range(3):
        real = memory.mask[item]
        alone = Memory(
            memory.keys[item, real][None],
            memory.values[item, real][None],
            real[real][None],
            GridLayout(1, int(real.sum())),
        )
        logits_alone, weights_alone = decoder(words[item, None], alone)
        torch.testing.assert_close(logits[item], logits_alone[0], atol=1e-5, rtol=0)
        torch.testing.assert_close(weights[item][:, real], weights_alone[0], atol=1e-5, rtol=0)


def test_rows_of_one_item_equal_single_ones():
    decoder, memory, words = build(), make_memory(), make_words(6)
    logits, weights = decoder(words, memory)
    for row in range(6):
        logits_alone, weights_alone = decoder(
            words[row, None], memory.select(torch.tensor([row // 2]))
        )
        torch.testing.assert_close(logits[row], logits_alone[0], atol=1e-5, rtol=0)
        torch.testing.assert_close(weights[row], weights_alone[0], atol=1e-5, rtol=0)


def test_later_words_change_nothing_before_them():
    decoder, memory, words = build(), make_memory(), make_words(3)
    changed = words.clone()
    changed[:, 4:] = PAD
    assert torch.equal(decoder(words, memory)[0][:, :4], decoder(changed, memory)[0][:, :4])
    assert not torch.equal(decoder(words, memory)[0][:, 4:], decoder(changed, memory)[0][:, 4:])


def test_weights_sum_to_one_and_shapes_are_those_promised():
    logits, weights = build()(make_words(6), make_memory())
    assert logits.shape == (6, 6, VOCAB)
    assert weights.shape == (6, 6, 5)
    torch.testing.assert_close(weights.sum(-1), torch.ones(6, 6))


@pytest.mark.parametrize("attention", ["additive", "dot"])
def test_an_item_without_any_real_position_is_no_nan(attention):
    decoder = build(attention=attention)
    logits, weights = decoder(make_words(3), make_memory([[False] * 5, *MASK[1:]]))
    assert torch.isfinite(logits).all()
    assert not weights[0].any()


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_reordered_rows_go_on_as_the_row_they_came_from(cell):
    decoder, memory, words = build(cell), make_memory(), make_words(6)
    state = decoder.start(memory, 2)
    _, state, _ = decoder.step(words[:, 0], state, memory)
    _, state, _ = decoder.step(words[:, 1], state, memory)
    next_words = torch.full((6,), 5)
    expected, _, expected_weights = decoder.step(next_words, state, memory)
    index = torch.tensor([1, 1, 2, 3, 5, 4])
    logits, _, weights = decoder.step(next_words, state.reorder(index), memory)
    torch.testing.assert_close(logits, expected[index])
    torch.testing.assert_close(weights, expected_weights[index])


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_items_that_stay_go_on_as_before(cell):
    decoder, memory, words = build(cell), make_memory(), make_words(6)
    _, state, _ = decoder.step(words[:, 0], decoder.start(memory, 2), memory)
    expected, _, expected_weights = decoder.step(words[:, 1], state, memory)
    items, rows = torch.tensor([2, 0]), torch.tensor([4, 5, 0, 1])
    logits, _, weights = decoder.step(words[rows, 1], state.select(items), memory.select(items))
    torch.testing.assert_close(logits, expected[rows])
    torch.testing.assert_close(weights, expected_weights[rows])


def test_step_leaves_the_state_before_it_alone():
    decoder, memory, words = build(), make_memory(), make_words(3)
    state = decoder.start(memory)
    first, _, _ = decoder.step(words[:, 0], state, memory)
    again, _, _ = decoder.step(words[:, 0], state, memory)
    assert torch.equal(first, again)


def test_start_depends_on_the_mean_value():
    decoder, memory = build(), make_memory()
    other = Memory(memory.keys, memory.values + 1, memory.mask, memory.layout)
    assert not torch.equal(decoder.start(memory).lower[0], decoder.start(other).lower[0])


@pytest.mark.parametrize("rows", [1, 2, 4, 7])
def test_rows_must_divide_among_the_items(rows):
    with pytest.raises(ShapeError, match=f"{rows} rows cannot be divided among 3 items"):
        build()(make_words(rows), make_memory())


def test_tied_table_is_one_parameter():
    tied, untied = build(tied=True), build(tied=False)
    assert tied.logits.weight is tied.embedding.weight
    assert untied.logits.weight is not untied.embedding.weight
    assert not tied.embedding.weight[PAD].any()


@pytest.mark.parametrize(("cell", "attention"), [("lstm", "additive"), ("gru", "dot")])
def test_four_examples_are_learnt_to_the_letter(cell, attention):
    captions = [(3, 4, 5, 6), (3, 4, 7), (8, 5, 5, 9, 10), (3, 9)]
    memory = make_memory([[True] * 5] * 4)
    target_input = torch.tensor([[BOS, *ids, *[PAD] * (5 - len(ids))] for ids in captions])
    target_output = torch.tensor([[*ids, EOS, *[PAD] * (5 - len(ids))] for ids in captions])
    decoder = (
        build(cell, attention, dropout=0.0, hidden_dim=32, embedding_dim=16)
        .requires_grad_(True)
        .train()
    )
    optimizer = torch.optim.Adam(decoder.parameters(), lr=0.02)
    for _ in range(80):
        optimizer.zero_grad()
        logits, _ = decoder(target_input, memory)
        caption_loss(logits, target_output, PAD, label_smoothing=0.0).div(18).backward()
        optimizer.step()
    decoder.train(False)
    for beam_size in (1, 3):
        options = SearchConfig(beam_size=beam_size, max_length=8)
        found = search(decoder, memory, options, bos_id=BOS, eos_id=EOS, forbidden_ids=[PAD, BOS])
        assert [hypotheses[0].token_ids for hypotheses in found] == captions
        assert all(hypotheses[0].finished for hypotheses in found)
