"""The words that photos tell about are chosen, fitted to, and drawn for texts that have no
photo.
"""

import pytest
import torch

from captioner.errors import CacheError, EmptyDataError
from captioner.training import concepts
from captioner.training.concepts import FittedConcepts, detected_concepts, draw_photos, fit_concepts
from captioner.training.kept_concepts import kept_concepts, key_of


@pytest.fixture(autouse=True)
def few_epochs(monkeypatch):
    monkeypatch.setattr(concepts, "EPOCHS", 40)
    monkeypatch.setattr(concepts, "WEIGHT_DECAY", 0.0)
    monkeypatch.setattr(concepts, "LEARNING_RATE", 1e-2)


@pytest.fixture
def photos():
    """Sixty photos: a channel tells that a cat, and another that a dog is there; `the` is in all
    captions.
    """
    generator = torch.Generator().manual_seed(0)
    has_cat, has_dog = torch.rand(2, 60, generator=generator) < 0.5
    pooled = torch.randn(60, 2, 5, generator=generator) * 0.1
    pooled[..., 1] += has_cat.float().unsqueeze(1)
    pooled[..., 3] += has_dog.float().unsqueeze(1)
    captions = []
    for number, (cat, dog) in enumerate(zip(has_cat.tolist(), has_dog.tolist(), strict=True)):
        words = {"the"} | ({"cat"} if cat else set()) | ({"dog"} if dog else set())
        captions.append(
            [frozenset(words | ({"perhaps"} if number % 2 else set())), frozenset(words)]
        )
    return pooled, captions, has_cat, has_dog


def test_words_are_those_that_photos_tell_about(photos):
    pooled, captions, *_ = photos
    assert set(fit_concepts(pooled, captions, (), seed=0).words) == {"cat", "dog"}


def test_held_out_probabilities_are_right_and_the_detector_agrees(photos):
    pooled, captions, has_cat, has_dog = photos
    found = fit_concepts(pooled, captions, ("dog", "cat"), seed=0)
    for word, truth in (("cat", has_cat), ("dog", has_dog)):
        held_out = found.held_out[:, found.words.index(word)]
        assert ((held_out > 0.5) == truth).float().mean() > 0.95
        features = pooled[:, 0].reshape(60, 1, 1, 5).expand(-1, 2, 3, -1)
        assert (
            (found.detector(features)[:, found.words.index(word)] > 0.5) == truth
        ).float().mean() > 0.95


def test_the_same_seed_gives_the_same_detector(photos):
    pooled, captions, *_ = photos
    first, second = (fit_concepts(pooled, captions, (), seed=3) for _ in range(2))
    assert torch.equal(first.held_out, second.held_out)
    weights = zip(
        first.detector.state_dict().values(), second.detector.state_dict().values(), strict=True
    )
    assert all(torch.equal(one, other) for one, other in weights)


def test_too_few_photos_are_a_named_error():
    with pytest.raises(EmptyDataError, match="no word is in the captions of 10 photos"):
        fit_concepts(torch.randn(3, 1, 5), [[frozenset({"dog"})]] * 3, (), seed=0)


def test_photos_that_tell_nothing_are_a_named_error(photos):
    pooled, *_ = photos
    with pytest.raises(EmptyDataError, match="no word can be predicted from the photos"):
        fit_concepts(pooled, [[frozenset({"the"})]] * len(pooled), (), seed=0)


def test_texts_are_given_photos_in_which_their_words_are_likely():
    held_out = torch.tensor([[0.9, 0.1], [0.1, 0.9], [0.2, 0.2]])
    detector = concepts.ConceptDetector(5, 2)
    found = draw_photos(
        [frozenset({"cat", "sleeps"}), frozenset({"dog"}), frozenset()],
        FittedConcepts(("cat", "dog"), detector, held_out),
        seed=0,
    )
    assert found.shape == (3, concepts.NUM_DRAWS)
    # The posterior of photo 0 given `cat` is 0.81 / (0.81 + 0.01 + 0.16), and so on.
    many = torch.cat(
        [
            draw_photos(
                [frozenset({"cat"})] * 300,
                FittedConcepts(("cat", "dog"), detector, held_out),
                seed=1,
            )
        ]
    )
    shares = torch.bincount(many.flatten().long(), minlength=3) / many.numel()
    torch.testing.assert_close(shares, torch.tensor([0.81, 0.01, 0.16]) / 0.98, atol=0.03, rtol=0)


def test_kept_concepts_are_not_fitted_again_and_equal_to_the_bit(photos, tmp_path):
    pooled, captions, *_ = photos
    file = tmp_path / "features" / "concepts.safetensors"
    fitted = kept_concepts(file, lambda: fit_concepts(pooled, captions, (), seed=0))
    again = kept_concepts(file, lambda: pytest.fail("fitted again"))
    assert again.words == fitted.words and torch.equal(again.held_out, fitted.held_out)
    features = torch.randn(3, 2, 2, 5)
    assert torch.equal(again.detector(features), fitted.detector(features))
    file.write_bytes(file.read_bytes()[:50])
    with pytest.raises(CacheError, match="remove it to fit it again"):
        kept_concepts(file, lambda: pytest.fail("fitted again"))


def test_a_key_tells_everything_apart_that_concepts_come_from():
    detectors = [None, concepts.ConceptDetector(5, 2), concepts.ConceptDetector(5, 2)]
    keys = {key_of(made_from, one) for made_from in (["a", 1], ["a", 2]) for one in detectors}
    assert len(keys) == 6 and key_of(["a", 1], detectors[1]) in keys


def test_in_photos_that_a_detector_has_not_seen_its_own_findings_are_read(photos):
    pooled, captions, *_ = photos
    fitted = fit_concepts(pooled, captions, ("dog", "cat"), seed=0).detector
    found = detected_concepts(pooled[:7], ("dog", "cat"), fitted)
    assert found.words == ("dog", "cat") and found.detector is fitted
    torch.testing.assert_close(found.held_out, fitted(pooled[:7, 0].reshape(7, 1, 1, 5)))
