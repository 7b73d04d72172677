"""Attention equals its equations and torch's, and padding weighs nothing."""

import inspect

import pytest
import torch
from torch.nn import functional

from captioner.errors import ShapeError
from captioner.modules.attention import AdditiveAttention, DotProductAttention, masked_softmax

MASK = torch.tensor(
    [[True] * 5, [True, False, True, True, False], [False, False, False, True, False]]
)


def build(kind: str) -> tuple[torch.nn.Module, torch.Tensor, torch.Tensor]:
    """An attention, queries `[3, 4, 6]` and keys `[3, 5, 7]`."""
    torch.manual_seed(0)
    attention = AdditiveAttention(6, 7, 9) if kind == "additive" else DotProductAttention(6, 7)
    return attention.requires_grad_(False), torch.randn(3, 4, 6), torch.randn(3, 5, 7)


def weigh(attention, query, keys, mask=MASK):
    return attention(query, attention.project_keys(keys), mask)


@pytest.mark.parametrize("kind", ["additive", "dot"])
def test_weights_sum_to_one(kind):
    weights = weigh(*build(kind))
    torch.testing.assert_close(weights.sum(-1), torch.ones(3, 4))
    assert (weights >= 0).all()


@pytest.mark.parametrize("kind", ["additive", "dot"])
def test_padding_weighs_exactly_nothing_and_changes_nothing(kind):
    attention, query, keys = build(kind)
    weights = weigh(attention, query, keys)
    assert not weights.masked_select(~MASK.unsqueeze(1)).any()
    changed = torch.where(MASK.unsqueeze(-1), keys, 1e4)
    assert torch.equal(weigh(attention, query, changed), weights)


@pytest.mark.parametrize("kind", ["additive", "dot"])
def test_cutting_padding_off_changes_nothing(kind):
    attention, query, keys = build(kind)
    weights = weigh(attention, query, keys)
    for item in range(3):
        real = MASK[item]
        alone = weigh(
            attention,
            query[item, None],
            keys[item, real][None],
            torch.ones(1, int(real.sum())).bool(),
        )
        torch.testing.assert_close(weights[item, :, real], alone[0])


@pytest.mark.parametrize("kind", ["additive", "dot"])
def test_nothing_to_look_at_is_no_nan(kind):
    attention, query, keys = build(kind)
    keys.requires_grad_()
    weights = weigh(attention, query, keys, torch.zeros(3, 5, dtype=torch.bool))
    assert not weights.any()
    weights.sum().backward()
    assert torch.isfinite(keys.grad).all()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_masked_softmax_keeps_its_type(dtype):
    weights = masked_softmax(torch.zeros(3, 2, 5, dtype=dtype), MASK)
    assert weights.dtype == dtype
    torch.testing.assert_close(weights[1, 0], torch.tensor([1, 0, 1, 1, 0], dtype=dtype) / 3)


def test_additive_is_the_papers_formula():
    attention, query, keys = build("additive")
    weights = weigh(attention, query, keys)
    for item in range(3):
        for target in range(4):
            scores = {
                source: torch.dot(
                    attention.score.weight[0],
                    torch.tanh(
                        attention.query.weight @ query[item, target]
                        + attention.query.bias
                        + attention.key.weight @ keys[item, source]
                    ),
                ).exp()
                for source in range(5)
                if MASK[item, source]
            }
            for source, score in scores.items():
                torch.testing.assert_close(
                    weights[item, target, source], score / sum(scores.values())
                )


def test_dot_is_torchs_own():
    attention, query, keys = build("dot")
    values = torch.randn(3, 5, 4)
    expected = functional.scaled_dot_product_attention(
        attention.query(query), keys, values, attn_mask=MASK[:, None]
    )
    torch.testing.assert_close(weigh(attention, query, keys) @ values, expected)


@pytest.mark.parametrize("mask", [(3, 4), (2, 5)])
def test_mask_must_fit(mask):
    unchecked = inspect.unwrap(masked_softmax)  # the tests' own shape check would be first
    with pytest.raises(ShapeError, match=r"\(3, 4, 5\)"):
        unchecked(torch.zeros(3, 4, 5), torch.ones(mask, dtype=torch.bool))
