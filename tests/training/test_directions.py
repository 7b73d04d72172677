"""Several sets of parallel texts, in several languages and both ways, for one model."""

import json

import pytest

from captioner.config import SentenceDataConfig, validated
from captioner.errors import ConfigError, ModelError
from captioner.model.captioner_model import CaptionerModel
from captioner.training import run_folder, train, trainer
from captioner.training.directions import read_directions

ENGLISH = ["two dogs run .", "a man sits ."]
GERMAN = ["zwei Hunde rennen .", "ein Mann sitzt ."]
FRENCH = ["deux chiens courent .", "un homme est assis ."]


@pytest.fixture
def sets(tmp_path):
    """Settings of two sets: English and German both ways, and English to French."""
    for name, translations in {"de": GERMAN, "fr": FRENCH}.items():
        lines = [f"{one}\t{other}\n" for one, other in zip(ENGLISH, translations, strict=True)]
        (tmp_path / f"en-{name}.tsv").write_text("".join(lines), encoding="utf-8")
    german, french = (
        {"source": str(file), "source_language": "en", "target_language": file.stem[-2:]}
        for file in (tmp_path / "en-de.tsv", tmp_path / "en-fr.tsv")
    )
    german |= {"both_ways": True, "val_source": german["source"], "weight": 2.0}
    return {"german": german, "french": french}


def directions_of(sets):
    return read_directions(validated(SentenceDataConfig, {"sets": sets}, "data"))


def test_a_set_is_read_both_ways_where_it_is_asked(sets):
    there, back, french = directions_of(sets)
    assert [one.name for one in (there, back, french)] == [
        "german en-de",
        "german de-en",
        "french en-fr",
    ]
    assert (there.train[0].source, there.train[0].target) == (ENGLISH[0], GERMAN[0])
    assert (back.train[0].source, back.train[0].target) == (GERMAN[0], ENGLISH[0])
    assert back.val == back.train and not french.val
    assert [one.weight for one in (there, back, french)] == [2, 2, 1]


def test_sources_are_written_as_translators_read_them_and_targets_are_not(sets, tmp_path):
    (tmp_path / "en-de.tsv").write_text("the cat’s tail\tder ‘Schwanz’\n", encoding="utf-8")
    there, back, _ = directions_of(sets)
    assert (there.train[0].source, there.train[0].target) == ("the cat's tail", "der ‘Schwanz’")
    assert back.train[0].source == "der 'Schwanz'"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"german": {"target_language": ""}}, "each set needs source_language and target_language"),
        ({"german": {"val_source": ""}}, "data.val_source is empty"),
        ({"french": {"source": ""}}, "data.sets.french.source is empty"),
    ],
)
def test_what_a_set_lacks_is_named(sets, change, message):
    changed = {name: {**one, **change.get(name, {})} for name, one in sets.items()}
    with pytest.raises(ConfigError, match=message):
        directions_of(changed)


def test_one_model_learns_which_language_to_write(sets, sentence_config, tmp_path, monkeypatch):
    monkeypatch.setattr(run_folder, "draw_curves", lambda path, *_: path.touch())
    monkeypatch.setattr(run_folder, "write_events", lambda *_: None)
    sets["french"] |= {"val_source": sets["french"]["source"]}
    sets["german"] |= {"both_ways": False, "weight": 1.0}
    config = sentence_config(
        data={
            "sets": sets,
            "source": "",
            "target": "",
            "val_source": "",
            "val_target": "",
            "max_vocab_size": 420,
        },
        encoder={"dropout": 0.0, "embedding_dim": 32, "dim": 32},
        decoder={"dropout": 0.0, "embedding_dim": 32, "hidden_dim": 48},
        search={"max_length": 20},
        training={
            "epochs": 100,
            "batch_tokens": 40,
            "label_smoothing": 0.0,
            "warmup_steps": 5,
            "learning_rate": 0.005,
            "patience": 100,
        },
    )
    monkeypatch.setattr(trainer.Validation, "__call__", _only_at_the_end(config.training.epochs))
    model = CaptionerModel.from_pretrained(train(config))
    settings = json.loads((tmp_path / "run" / "best" / "config.json").read_text(encoding="utf-8"))
    assert settings["directions"] == [["en", "de"], ["en", "fr"]]
    assert settings["language_ids"] == {"de": 4, "fr": 5}
    entry = json.loads((tmp_path / "run" / "history.jsonl").read_text().splitlines()[-1])
    # The same English sentences become German or French: without a token they could not be right in
    # both.
    assert entry["BLEU (german en-de)"] == entry["BLEU (french en-fr)"] == pytest.approx(100)
    assert set(model.forbidden_ids()) >= {4, 5}
    with pytest.raises(ModelError, match="does not write it: it writes de, fr"):
        model.first_ids(["de", "it"])


def _only_at_the_end(epochs):
    """Decode after the last epoch alone: what the earlier ones write is not looked at."""
    original, calls = trainer.Validation.__call__, iter(range(1, epochs + 1))

    def judge(validation, model):
        if next(calls) == epochs:
            return original(validation, model)
        model.train(False)
        validation.texts = dict.fromkeys(range(len(validation._task.val_targets)), "")
        return trainer.Report({"BLEU": 0.1, "chrF": 0.1}, "", 0, (), {}, {})

    return judge
