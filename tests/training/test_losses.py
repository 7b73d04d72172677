"""The losses equal their equations."""

import math

import pytest
import torch

from captioner.training.losses import advantages, caption_loss, coverage_loss, self_critical_loss

PAD = 0
TARGETS = torch.tensor([[3, 2, PAD], [1, 4, 2]])


def make_logits() -> torch.Tensor:
    return torch.randn(2, 3, 5, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_caption_loss_is_the_papers_sum(smoothing):
    logits, total = make_logits(), 0.0
    for row, target in ((0, 0), (0, 1), (1, 0), (1, 1), (1, 2)):
        exponents = [math.exp(value) for value in logits[row, target].tolist()]
        log_probs = [math.log(value / sum(exponents)) for value in exponents]
        total -= (1 - smoothing) * log_probs[TARGETS[row, target]] + smoothing * sum(log_probs) / 5
    assert caption_loss(logits, TARGETS, PAD, smoothing).item() == pytest.approx(total, rel=1e-5)


def test_caption_loss_does_not_see_padding():
    logits = make_logits().requires_grad_()
    loss = caption_loss(logits, TARGETS, PAD, 0.1)
    loss.backward()
    assert not logits.grad[0, 2].any()
    assert logits.grad[0, 1].any()
    longer_logits = torch.cat([logits, torch.full((2, 2, 5), 9.0)], 1)
    longer_targets = torch.cat([TARGETS, torch.zeros(2, 2, dtype=torch.long)], 1)
    torch.testing.assert_close(caption_loss(longer_logits, longer_targets, PAD, 0.1), loss)


def test_caption_loss_counts_in_float32():
    assert caption_loss(make_logits().half(), TARGETS, PAD, 0.1).dtype == torch.float32


def test_coverage_by_hand():
    weights = torch.tensor([[[0.5, 0.5, 0.0], [1.0, 0.0, 0.0]]])
    everything, first_word = torch.tensor([[True, True]]), torch.tensor([[True, False]])
    source = torch.tensor([[True, True, False]])
    # The first position received 1.5, the second 0.5; the third is padding.
    assert coverage_loss(weights, everything, source).item() == pytest.approx(0.5**2 + 0.5**2)
    assert coverage_loss(weights, first_word, source).item() == pytest.approx(0.5**2 + 0.5**2)
    assert coverage_loss(weights, everything, torch.ones_like(source)).item() == pytest.approx(
        0.5 + 1
    )


def test_coverage_of_even_attention_is_zero():
    weights = torch.full((2, 5, 5), 0.2)
    assert coverage_loss(
        weights, torch.ones(2, 5).bool(), torch.ones(2, 5).bool()
    ).item() == pytest.approx(0, abs=1e-6)


def test_self_critical_loss_is_the_papers_sum():
    logits, advantage = make_logits(), torch.tensor([0.5, -2.0])
    expected = 0.5 * caption_loss(logits[:1], TARGETS[:1], PAD, 0.0) - 2 * caption_loss(
        logits[1:], TARGETS[1:], PAD, 0.0
    )
    torch.testing.assert_close(self_critical_loss(logits, TARGETS, PAD, advantage), expected)


def test_each_sample_is_compared_with_the_mean_of_the_others():
    rewards = torch.tensor([[1.0, 2.0, 6.0], [3.0, 3.0, 3.0]])
    expected = torch.tensor([[1.0 - 4.0, 2.0 - 3.5, 6.0 - 1.5], [0.0, 0.0, 0.0]])
    torch.testing.assert_close(advantages(rewards), expected)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("rows", [1, 300])
def test_caption_loss_and_its_gradient_are_those_of_torch(smoothing, rows):
    generator = torch.Generator().manual_seed(0)
    logits = (3 * torch.randn(rows, 4, 11, generator=generator)).requires_grad_()
    targets = torch.randint(0, 11, (rows, 4), generator=generator)  # 0 is padding
    ours = caption_loss(logits, targets, 0, smoothing)
    (gradient,) = torch.autograd.grad(2 * ours, logits)
    theirs = torch.nn.functional.cross_entropy(
        logits.flatten(0, 1),
        targets.flatten(),
        ignore_index=0,
        label_smoothing=smoothing,
        reduction="sum",
    )
    torch.testing.assert_close(ours, theirs)
    torch.testing.assert_close(
        gradient, torch.autograd.grad(2 * theirs, logits)[0], rtol=1e-4, atol=1e-6
    )
