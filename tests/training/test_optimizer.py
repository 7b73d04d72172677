"""Learning rates and weight decay reach the parameters that they are for."""

import pytest
import torch
from torch import nn

from captioner.config import TrainingConfig
from captioner.training.optimizer import build_optimizer, learning_rate_factor, set_learning_rate

SETTINGS = TrainingConfig(learning_rate=0.1, backbone_learning_rate=0.01, weight_decay=0.5)


def build() -> tuple[nn.ModuleDict, torch.optim.Optimizer]:
    model = nn.ModuleDict(
        {"backbone": nn.Linear(3, 2), "frozen": nn.Linear(2, 2), "decoder": nn.Linear(2, 1)}
    )
    model["frozen"].requires_grad_(False)
    return model, build_optimizer(model, SETTINGS)


def test_every_trained_weight_is_in_its_group():
    model, optimizer = build()
    found = {
        id(parameter): (group["peak"], group["weight_decay"])
        for group in optimizer.param_groups
        for parameter in group["params"]
    }
    assert found == {
        id(model["backbone"].weight): (0.01, 0.5),
        id(model["backbone"].bias): (0.01, 0.0),
        id(model["decoder"].weight): (0.1, 0.5),
        id(model["decoder"].bias): (0.1, 0.0),
    }


def test_rates_are_shares_of_their_peaks():
    _, optimizer = build()
    set_learning_rate(optimizer, 0.25)
    assert {group["lr"] for group in optimizer.param_groups} == {0.025, 0.0025}


def test_rate_rises_to_its_peak_and_falls_along_a_cosine():
    rates = [learning_rate_factor(done, 104, 4) for done in range(104)]
    assert rates[:5] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])
    assert rates[4 + 50] == pytest.approx(0.5)
    assert rates[4:] == sorted(rates[4:], reverse=True)
    assert 0 < rates[-1] < 0.001


@pytest.mark.parametrize("warmup_steps", [0, 5, 50])
def test_short_runs_have_rates_too(warmup_steps):
    assert all(0 < learning_rate_factor(done, 5, warmup_steps) <= 1 for done in range(5))
