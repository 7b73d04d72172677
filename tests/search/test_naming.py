"""A search that names what is seen, over a decoder that says the same whatever it has read."""

import dataclasses

import pytest
import torch
from torch import Tensor

from captioner.concepts.forms import forms
from captioner.concepts.habits import EXPECTED, habits
from captioner.concepts.likeness import compare
from captioner.concepts.seen import recognise
from captioner.concepts.table import NUM_CLASSES, names
from captioner.config import SearchConfig
from captioner.errors import ModelError
from captioner.model.captioner_model import CaptionerModel
from captioner.model.config import CaptionerConfig
from captioner.modules.memory import GridLayout, Memory
from captioner.preprocess.tokenization import train_word_tokenizer
from captioner.search import NamingDecoder, search

EOS, A, RUNS, DOG, DOGS, CAR = range(6)
VOCABULARY = {"a": A, "runs": RUNS, "dog": DOG, "dogs": DOGS, "car": CAR}
NUM_WORDS = 6
CHEETAH, GOLDEN_RETRIEVER, REFRIGERATOR = 293, 207, 760
TRUST = EXPECTED**0.5  # of a name that training never saw


@dataclasses.dataclass(frozen=True)
class LastWord:
    """What each row has read last."""

    words: Tensor
    num_items: int

    def reorder(self, index: Tensor) -> "LastWord":
        return LastWord(self.words[index], self.num_items)

    def select(self, items: Tensor) -> "LastWord":
        return LastWord(self.words.reshape(self.num_items, -1)[items].flatten(), len(items))


class Bigrams:
    """Writes `a dog runs`: the next word depends on the last one alone."""

    logits = torch.full((NUM_WORDS, NUM_WORDS), -6.0)
    logits[A, DOG], logits[A, CAR] = 3.0, 1.0
    logits[DOG, RUNS] = logits[DOGS, RUNS] = logits[CAR, RUNS] = 3.0
    logits[RUNS, EOS] = 3.0

    def start(self, memory: Memory, rows_per_item: int) -> LastWord:
        return LastWord(torch.full((len(memory) * rows_per_item,), -1), len(memory))

    def step(self, token_ids: Tensor, state: LastWord, memory: Memory) -> tuple[Tensor, LastWord, Tensor]:
        assert int(token_ids.max()) < NUM_WORDS, "the decoder within reads words alone"
        return self.logits[token_ids], LastWord(token_ids, len(memory)), torch.ones(len(token_ids), 1)


def memory_of(*photos: dict[int, float]) -> Memory:
    probabilities = torch.full((len(photos), NUM_CLASSES), 1e-7)
    for row, shares in enumerate(photos):
        for index, share in shares.items():
            probabilities[row, index] = share
    keys = torch.zeros(len(photos), 1, 3)
    mask = torch.ones(len(photos), 1, dtype=torch.bool)
    return Memory(keys, keys, mask, GridLayout(1, 1), seen=recognise(probabilities, 3))


def decoder(bonus: float = 2.0, counts: dict[str, list[float]] | None = None) -> NamingDecoder[LastWord]:
    return NamingDecoder(Bigrams(), NUM_WORDS, compare(VOCABULARY), habits(counts or {}, bonus))


def texts(memory: Memory, bonus: float = 2.0, **options: object) -> list[str]:
    """The best caption of each photo, which begins behind `a`."""
    found = search(decoder(bonus), memory, SearchConfig(max_length=6, **options), bos_id=A, eos_id=EOS)
    written = [*("</s>", "a", "runs", "dog", "dogs", "car"), *forms()]
    return [" ".join(written[token_id] for token_id in one[0].token_ids) for one in found]


def test_what_no_caption_named_is_named():
    assert texts(memory_of({CHEETAH: 0.9})) == ["cheetah runs"]
    assert texts(memory_of({GOLDEN_RETRIEVER: 0.9})) == ["dog runs"]


@pytest.mark.parametrize("options", [{"beam_size": 1}, {"beam_size": 3}, {"beam_size": 4, "num_groups": 2}])
def test_a_batch_equals_its_photos_one_by_one(options):
    photos = [{CHEETAH: 0.9}, {}, {GOLDEN_RETRIEVER: 0.5, CHEETAH: 0.4}, {REFRIGERATOR: 0.9}]
    alone = [texts(memory_of(photo), **options)[0] for photo in photos]
    assert texts(memory_of(*photos), **options) == alone


def test_an_animal_that_is_not_seen_is_hardly_there():
    assert texts(memory_of({REFRIGERATOR: 0.9})) == ["car runs"]


def test_what_is_like_no_noun_of_the_vocabulary_is_not_named():
    assert "refrigerator" not in texts(memory_of({REFRIGERATOR: 0.9}), bonus=50)[0]


def step_of(
    photo: dict[int, float], last: int, bonus: float = 0.0, counts: dict[str, list[float]] | None = None
) -> Tensor:
    named, memory = decoder(bonus, counts), memory_of(photo)
    logits, _, _ = named.step(torch.tensor([last]), named.start(memory, 1), memory)
    return logits[0]


def test_a_names_share_of_its_likes_can_be_multiplied_by_hand():
    """The likeness to `dog` and exp(3) of it, 0.9 that a cheetah is there, and how far that is trusted."""
    cheetah = forms().index("cheetah")
    likeness = compare(VOCABULARY)
    like_dog = likeness.to_forms[cheetah, likeness.token_ids.tolist().index(DOG)]
    expected = (like_dog * torch.tensor(3.0).exp() * 0.9 * TRUST).log() + 2
    assert step_of({CHEETAH: 0.9}, A, bonus=2.0)[NUM_WORDS + cheetah] == pytest.approx(float(expected), abs=1e-4)


def test_nouns_of_its_category_share_what_a_name_leaves():
    logits = step_of({CHEETAH: 0.9}, A)
    evidence = 0.02 * 0.9 + 0.005  # of dogs there is none, but the cheetah may be one
    assert logits[DOG] == pytest.approx(3 + float(torch.tensor((1 - 0.9 * TRUST) * evidence).log()), abs=1e-3)
    assert logits[CAR] == pytest.approx(1.0)


def test_a_name_is_written_once_and_no_noun_follows_it():
    cheetah = NUM_WORDS + forms().index("cheetah")
    named, memory = decoder(), memory_of({CHEETAH: 0.6, GOLDEN_RETRIEVER: 0.4})
    logits, state, _ = named.step(torch.tensor([cheetah]), named.start(memory, 1), memory)
    assert (logits[0, [DOG, DOGS, CAR]] == -torch.inf).all()
    assert (logits[0, NUM_WORDS:] == -torch.inf).all()
    assert logits[0].argmax() == RUNS
    logits, _, _ = named.step(torch.tensor([A]), state, memory)
    assert logits[0, cheetah] == logits[0, cheetah + 1] == -torch.inf
    assert logits[0, NUM_WORDS + forms().index("dog")] > -torch.inf


def test_what_captions_pass_over_is_trusted_less():
    cheetah = NUM_WORDS + forms().index("cheetah")
    passed_over = float(step_of({CHEETAH: 0.9}, A, counts={"cheetah": [5, 0]})[cheetah])
    unknown = float(step_of({CHEETAH: 0.9}, A)[cheetah])
    assert passed_over == pytest.approx(unknown - float(torch.tensor(2.0).log()) / 2, abs=1e-3)
    assert step_of({CHEETAH: 0.9}, A, counts={"cheetah": [95, 0]})[cheetah] == -torch.inf


def test_where_nothing_is_seen_words_are_those_of_the_decoder_but_for_animals():
    logits = step_of({}, A)
    assert (logits[NUM_WORDS:] == -torch.inf).all()
    torch.testing.assert_close(logits[[EOS, A, RUNS, CAR]], Bigrams.logits[A, [EOS, A, RUNS, CAR]])


def test_a_memory_that_recognises_nothing_is_an_error():
    with pytest.raises(ModelError, match="concepts"):
        decoder().start(dataclasses.replace(memory_of({}), seen=None), 1)


def test_every_form_has_its_place():
    assert len(step_of({CHEETAH: 0.9}, A)) == NUM_WORDS + 2 * len(names())


@pytest.fixture
def model(make_model):
    """A model of photos that knows some nouns, and whose classifier is sure of the one class that a test chooses."""
    model = make_model(encoder={"concepts": 2})
    tokenizer = train_word_tokenizer(["a dog and a cat, two dogs on a bike near the mountain"], 1, 30)
    config = CaptionerConfig(**{**model.config.to_dict(), "vocab_size": len(tokenizer)})
    torch.manual_seed(0)
    naming = CaptionerModel(config).train(False)
    naming.tokenizer = tokenizer
    return naming


def sure_of(model: CaptionerModel, index: int) -> None:
    with torch.no_grad():
        model.encoder.backbone.get_classifier().bias[index] = 50.0


def best(model: CaptionerModel, **changes: object) -> str:
    options = model.search_config.model_copy(update={"naming": 20.0, **changes})
    return model.decode(model.search(model.encode(torch.zeros(1, 3, 32, 64)), options)[0])[0]


@pytest.mark.parametrize(("index", "name"), [(CHEETAH, "cheetah"), (385, "elephant"), (970, "mountain")])
def test_a_model_says_what_its_classifier_sees(model, index, name):
    sure_of(model, index)
    assert name in best(model)


def test_a_forbidden_word_is_in_no_name(model):
    sure_of(model, 294)
    assert "brown bear" in best(model)
    assert "bear" not in best(model, banned_words=("bear",)).split()


def test_a_saved_model_says_the_same(model, tmp_path):
    sure_of(model, CHEETAH)
    model.config.naming = {"cheetah": [3, 1.5]}
    model.save_pretrained(tmp_path)
    again = CaptionerModel.from_pretrained(tmp_path)
    assert again.config.naming == {"cheetah": [3, 1.5]}
    assert best(again) == best(model)


def test_a_vocabulary_without_nouns_names_nothing(make_model):
    model = make_model(encoder={"concepts": 2})
    sure_of(model, CHEETAH)
    assert "cheetah" not in best(model)
