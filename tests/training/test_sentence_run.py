"""A run on sentences: it learns, stops and goes on, keeps the best, and says what it leaves out."""

import dataclasses
import json

import pytest
import torch
from huggingface_hub import ModelCard
from safetensors.torch import load_file

from captioner.config import load_config
from captioner.errors import AnnotationError, CheckpointError, ConfigError, EmptyDataError
from captioner.pipeline import load_translator
from captioner.training import initial_model, run_folder, train
from captioner.training.checkpoints import load_checkpoint
from captioner.training.trainer import Trainer
from captioner.training.validation import Validation


@pytest.fixture(autouse=True)
def no_pictures(monkeypatch):
    """Drawing would take most of the time; test_run_folder.py looks at the pictures."""
    monkeypatch.setattr(run_folder, "draw_curves", lambda path, *_: path.touch())
    monkeypatch.setattr(run_folder, "write_events", lambda *_: None)


@pytest.fixture
def short_search(monkeypatch):
    """Where nothing was learnt yet, texts would be written to their greatest length."""

    def make(config):
        search = config.search.model_copy(update={"max_length": 3, "beam_size": 1})
        return config.model_copy(update={"search": search})

    return make


def history(run):
    return [json.loads(line) for line in (run / "history.jsonl").read_text().splitlines()]


def same(first, second) -> bool:
    return first.keys() == second.keys() and all(
        torch.equal(first[name], second[name]) for name in first
    )


def test_four_pairs_are_learnt_to_the_letter(sentence_config, tmp_path):
    config = sentence_config(
        data={"max_vocab_size": 440},
        encoder={"dropout": 0.0, "embedding_dim": 48, "dim": 48},
        decoder={"dropout": 0.0, "embedding_dim": 48, "hidden_dim": 64},
        training={
            "epochs": 120,
            "batch_tokens": 400,
            "label_smoothing": 0.0,
            "warmup_steps": 5,
            "patience": 120,
        },
    )
    # Only the last epoch is decoded: learning is what is looked at.
    original = Validation.__call__
    with pytest.MonkeyPatch.context() as patch:
        last = iter(range(1, 1000))

        def judge(validation, model):
            if next(last) == config.training.epochs:
                return original(validation, model)
            validation.texts = dict.fromkeys(range(4), "")
            report = validation._task.scorer.score(validation.texts)
            return dataclasses.replace(report, scores=dict.fromkeys(report.scores, 0.0))

        patch.setattr(Validation, "__call__", judge)
        best = train(config)
    assert history(tmp_path / "run")[-1]["BLEU"] == pytest.approx(100)
    translator = load_translator(best, device="cpu")
    sources = (tmp_path / "pairs.en").read_text(encoding="utf-8").splitlines()
    targets = (tmp_path / "pairs.de").read_text(encoding="utf-8").splitlines()
    assert [result.text for result in translator.translate(sources)] == targets
    assert translator.name == "run"


@pytest.mark.parametrize("update", [1, 3])
def test_a_stopped_run_goes_on_to_the_same_weights(
    sentence_config, short_search, tmp_path, final_weights, interrupted, update
):
    settings = {"epochs": 3, "scheduled_sampling": 0.5, "average_last": 2}
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    train(short_search(sentence_config(training=settings | {"output": str(whole)})))
    config = short_search(
        sentence_config(training=settings | {"output": str(stopped), "checkpoint_every_s": 1e-9})
    )
    assert len(Trainer(config, resume=False).task.plan([10, 30, 40, 50], 0).batches) >= 2
    interrupted(config, update)
    assert load_checkpoint(stopped / "checkpoints")[0].update > 0
    train(config, resume=True)
    assert same(final_weights(whole), final_weights(stopped))
    assert history(whole) == history(stopped)
    assert same(
        load_file(whole / "best" / "model.safetensors"),
        load_file(stopped / "best" / "model.safetensors"),
    )


def test_the_best_epoch_by_bleu_is_kept(sentence_config, short_search, tmp_path, monkeypatch):
    weights, left, original = [], iter([3.0, 5.0, 4.0]), Validation.__call__

    def judge(validation, model):
        weights.append({name: tensor.half() for name, tensor in model.own_state_dict().items()})
        report = original(validation, model)
        return dataclasses.replace(
            report, scores=report.scores | {"BLEU": next(left), "chrF": 10 - len(weights)}
        )

    monkeypatch.setattr(Validation, "__call__", judge)
    best = train(short_search(sentence_config(training={"epochs": 3})))
    assert same(load_file(best / "model.safetensors"), weights[1])
    assert [entry["BLEU"] for entry in history(tmp_path / "run")] == [3, 5, 4]
    card = (best / "README.md").read_text(encoding="utf-8")
    assert ModelCard(card).data.eval_results[0].metric_value == 5.0


def test_a_run_writes_what_trains_it_again(sentence_config, short_search, tmp_path, capsys):
    config = short_search(
        sentence_config(data={"source_language": "en", "target_language": "de", "name": "Four"})
    )
    best = train(config)
    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == 2
    assert (
        printed[0].startswith("epoch 1/2: loss ") and "BLEU" in printed[0] and "chrF" in printed[0]
    )
    assert {"README.md", "model.safetensors", "config.json", "tokenizer.json"} <= {
        path.name for path in best.iterdir()
    }
    files = {
        field: str(tmp_path / f"pairs.{end}") for field, end in [("source", "en"), ("target", "de")]
    }
    files |= {f"val_{field}": file for field, file in files.items()}
    overrides = [f"data.{field}={file}" for field, file in files.items()]
    again = load_config(
        best / "training_config.json", [*overrides, f"training.output={tmp_path / 'run'}"]
    )
    assert again == config
    assert json.loads((best / "config.json").read_text(encoding="utf-8"))["directions"] == [
        ["en", "de"]
    ]
    card = ModelCard((best / "README.md").read_text(encoding="utf-8"))
    assert (card.data.language, card.data.pipeline_tag) == (["en", "de"], "translation")
    assert (
        "data.source=FILE data.target=FILE data.val_source=FILE data.val_target=FILE`" in card.text
    )
    assert str(tmp_path) not in card.text + (best / "training_config.json").read_text()
    assert history(tmp_path / "run")[0].keys() >= {
        "epoch",
        "loss",
        "BLEU",
        "BLEU-lc",
        "chrF",
        "TER",
    }


def test_what_is_left_out_is_told(sentence_config, tmp_path, capsys):
    (tmp_path / "more.tsv").write_text(
        "a b c\ta b c\n\ta\na b c\ta\nv w x y z\tv w x y z\n" + "x " * 9 + "\t" + "y " * 9 + "\n"
    )
    data = {"source": str(tmp_path / "more.tsv"), "target": "", "max_words": 8, "max_ratio": 2.0}
    run = Trainer(sentence_config(data=data, encoder={"max_positions": 5}), resume=False)
    printed = capsys.readouterr().out.splitlines()
    assert printed[:3] == [
        "1 of 5 training pairs left out: empty",
        "1 of 5 training pairs left out: one side more than 2 times as long",
        "1 of 5 training pairs left out: longer than 8 words",
    ]
    assert printed[3:] == ["1 training sources cut off behind 4 tokens"]
    assert run.task.targets == [("a b c",), ("v w x y z",)]
    assert len(run.task.val_targets) == 4
    assert run.model.config.known_words == "a b c v w x y z"


def test_other_data_is_named_on_going_on(sentence_config, short_search, tmp_path, interrupted):
    config = short_search(sentence_config(training={"checkpoint_every_s": 1e-9}))
    interrupted(config, update=1)
    with pytest.raises(CheckpointError, match=r"data\.max_vocab_size was 300, is 310"):
        train(short_search(sentence_config(data={"max_vocab_size": 310})), resume=True)


def test_data_that_cannot_be_used_is_named_before_anything_is_computed(
    sentence_config, tmp_path, monkeypatch
):
    monkeypatch.setattr(
        initial_model, "CaptionerModel", lambda *_: pytest.fail("a model was built")
    )
    (tmp_path / "short.de").write_text("Ein Satz.\n")
    with pytest.raises(AnnotationError, match=r"pairs\.en has 4 lines, .*short\.de has 1:"):
        train(sentence_config(data={"target": str(tmp_path / "short.de")}))
    with pytest.raises(AnnotationError, match=r"short\.de has 1:"):
        train(sentence_config(data={"val_target": str(tmp_path / "short.de")}))
    (tmp_path / "empty.tsv").write_text("\ta\n")
    with pytest.raises(EmptyDataError, match=r"1 empty.*data\.max_words"):
        train(sentence_config(data={"source": str(tmp_path / "empty.tsv"), "target": ""}))
    for field in ("source", "val_source"):
        with pytest.raises(ConfigError, match=f"data.{field} is empty"):
            train(sentence_config(data={field: ""}))
