"""The loss of a batch does not depend on how its captions are grouped."""

import numpy as np
import pytest
import torch

from captioner.config import PhotoConfig, SelfCriticalConfig, TrainingConfig
from captioner.data.batching import group_targets
from captioner.training.objective import Objective

CAPTIONS = [
    [(1, 4, 5, 6), (1, 7)],
    [(1, 5, 5, 5, 8)],
    [(1, 9, 4), (1, 6), (1, 4, 4, 4)],
]  # each begins with BOS


def pixels() -> torch.Tensor:
    return torch.randn(3, 3, 32, 64, generator=torch.Generator().manual_seed(0))


def loss_of(model, captions=CAPTIONS, inputs=None, num_groups=2, guess_fraction=0.0, **settings):
    objective = Objective(
        model, PhotoConfig(training=TrainingConfig(**settings)), from_features=False
    )
    groups = group_targets(captions, 2, 0, num_groups)
    return objective(
        pixels() if inputs is None else inputs, range(len(captions)), groups, guess_fraction
    )


def test_loss_is_the_sum_over_captions(make_model):
    model = make_model()
    alone = sum(
        loss_of(model, [[ids]], pixels()[item, None])
        for item, several in enumerate(CAPTIONS)
        for ids in several
    )
    torch.testing.assert_close(loss_of(model), alone)


@pytest.mark.parametrize("num_groups", [1, 3, 9])
def test_groups_change_nothing(make_model, num_groups):
    torch.testing.assert_close(loss_of(make_model(), num_groups=num_groups), loss_of(make_model()))


def test_features_give_the_loss_of_their_pixels(make_model):
    model = make_model()
    groups = group_targets(CAPTIONS, 2, 0)
    objective = Objective(model, PhotoConfig(), from_features=True)
    torch.testing.assert_close(
        objective(model.encoder.features(pixels()), range(3), groups), loss_of(model)
    )


def test_photos_are_encoded_once(make_model, monkeypatch):
    model, seen = make_model(), []
    original = model.encoder.features
    monkeypatch.setattr(
        model.encoder, "features", lambda inputs: seen.append(len(inputs)) or original(inputs)
    )
    loss_of(model)
    assert seen == [3]


def test_coverage_penalty_is_added(make_model):
    model = make_model()
    plain, single, double = (loss_of(model, coverage_penalty=weight) for weight in (0.0, 1.0, 2.0))
    assert single > plain
    torch.testing.assert_close(double - plain, 2 * (single - plain), rtol=1e-3, atol=1e-3)


def test_guesses_replace_words_but_neither_bos_nor_padding(make_model, monkeypatch):
    model, seen = make_model(), []
    original = model.decoder.forward
    monkeypatch.setattr(
        model.decoder,
        "forward",
        lambda words, memory: seen.append(words) or original(words, memory),
    )
    loss_of(model, num_groups=1, guess_fraction=1.0)
    given, guessed = seen
    assert torch.equal(given[:, 0], guessed[:, 0])
    assert (given == 0).any()
    logits, _ = original(
        given, model.encode(pixels()).select(group_targets(CAPTIONS, 2, 0, 1)[0].item_index)
    )
    expected = torch.cat([given[:, :1], logits[:, :-1].argmax(-1)], 1)
    torch.testing.assert_close(guessed, torch.where(given == 0, 0, expected))


def test_fraction_of_guesses_is_kept(make_model, monkeypatch):
    model, seen = make_model(), []
    monkeypatch.setattr(torch, "rand_like", lambda words, **_: torch.full(words.shape, 0.5))
    original = model.decoder.forward
    monkeypatch.setattr(
        model.decoder,
        "forward",
        lambda words, memory: seen.append(words) or original(words, memory),
    )
    loss_of(model, num_groups=1, guess_fraction=0.4)
    assert torch.equal(*seen)
    assert len(seen) == 2


def test_no_guesses_cost_no_second_pass(make_model, monkeypatch):
    model, passes = make_model(), []
    original = model.decoder.forward
    monkeypatch.setattr(
        model.decoder, "forward", lambda words, memory: passes.append(1) or original(words, memory)
    )
    loss_of(model, num_groups=2)
    assert len(passes) == 2


def self_critical(model, reward, weight=1.0, num_samples=4, temperature=1.0):
    settings = SelfCriticalConfig(
        weight=weight, num_samples=num_samples, max_length=5, temperature=temperature
    )
    return Objective(model, PhotoConfig(self_critical=settings), from_features=False, reward=reward)


def test_equal_rewards_teach_nothing(make_model):
    model = make_model()
    groups = group_targets(CAPTIONS, 2, 0)
    loss = self_critical(model, lambda items, texts, finished: np.ones(len(texts)))(
        pixels(), range(3), groups
    )
    loss.backward()
    assert all(
        parameter.grad is None or not parameter.grad.any()
        for parameter in model.decoder.parameters()
    )


def test_seen_of_the_two_losses_add_up(make_model):
    model = make_model()
    groups = group_targets(CAPTIONS, 2, 0)

    def at(weight):
        torch.manual_seed(3)
        objective = self_critical(
            model, lambda items, texts, finished: np.arange(len(texts)) % 4.0, weight
        )
        return objective(pixels(), range(3), groups)

    torch.testing.assert_close(at(0.25), 0.75 * at(0.0) + 0.25 * at(1.0))
    assert not torch.isclose(at(0.0), at(1.0))


def test_samples_are_judged_with_their_own_items(make_model):
    seen = []

    def reward(items, texts, finished):
        seen.append((list(items), len(texts), len(finished)))
        return np.zeros(len(texts))

    self_critical(make_model(), reward, num_samples=2)(
        pixels(), [7, 5, 9], group_targets(CAPTIONS, 2, 0)
    )
    assert seen == [([7, 7, 5, 5, 9, 9], 6, 6)]


def test_near_temperature_0_all_samples_are_alike_and_teach_nothing(make_model):
    def reward(items, texts, finished):
        return np.array([float(len(text)) for text in texts])

    for temperature, teaches in ((1e-4, False), (1.0, True)):
        model = make_model()
        torch.manual_seed(0)
        objective = self_critical(model, reward, temperature=temperature)
        objective(pixels(), range(3), group_targets(CAPTIONS, 2, 0)).backward()
        assert bool(model.decoder.logits.bias.grad.any()) == teaches


def test_what_is_never_sampled_does_not_grow_at_the_cost_of_what_was_found_wanting(make_model):
    model = make_model()
    torch.manual_seed(0)
    objective = self_critical(
        model, lambda items, texts, finished: np.random.default_rng(0).random(len(texts))
    )
    objective(pixels(), range(3), group_targets(CAPTIONS, 2, 0)).backward()
    gradient = model.decoder.logits.bias.grad
    assert not gradient[model.forbidden_ids()].any()
    assert gradient.count_nonzero() == len(gradient) - len(model.forbidden_ids())


def test_what_is_rewarded_becomes_likelier(make_model):
    """A model of four words that is rewarded for one of them soon writes little else."""
    model = make_model()
    wanted = model.tokenizer.convert_tokens_to_ids("green")
    objective = self_critical(
        model,
        lambda items, texts, finished: np.array(
            [text.split().count("green") / 5 for text in texts]
        ),
    )
    optimizer = torch.optim.Adam(model.decoder.parameters(), 0.02)
    torch.manual_seed(0)
    groups = group_targets(CAPTIONS, 2, 0)
    for _ in range(40):
        optimizer.zero_grad()
        objective(pixels(), range(3), groups).backward()
        optimizer.step()
    assert np.mean(objective.rewards_seen[-5:]) > 0.5 > 3 * objective.rewards_seen[0]
    best = model.search(model.encode(pixels()), model.search_config)
    assert all(wanted in several[0].token_ids for several in best)
