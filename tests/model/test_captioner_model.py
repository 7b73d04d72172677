"""Save and load give the same captions, and files that do not fit are refused."""

import json
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModel

from captioner.errors import ConfigError, ModelError
from captioner.model.captioner_model import GENERATE_NAMES, CaptionerModel

WEIGHTS = "model.safetensors"


def pixels(batch: int = 3) -> torch.Tensor:
    return torch.randn(batch, 3, 32, 64, generator=torch.Generator().manual_seed(0))


def told(model: CaptionerModel) -> list[list[str]]:
    with torch.inference_mode():
        found = model.search(model.encode(pixels()), model.search_config)
    return [model.decode(hypotheses) for hypotheses in found]


@pytest.fixture
def published(monkeypatch):
    """Let a package carry weights of the tiny backbone; the seed tells its releases apart."""
    release = {"seed": 5}

    def fill(backbone: torch.nn.Module, name: str) -> None:
        generator = torch.Generator().manual_seed(release["seed"])
        for tensor in backbone.state_dict().values():
            if tensor.is_floating_point():
                tensor.copy_(0.1 + 0.1 * torch.rand(tensor.shape, generator=generator))

    monkeypatch.setattr("captioner.modules.encoders.backbone.load_from_package", fill)
    return release


@pytest.mark.parametrize("tied", [True, False])
def test_saved_and_loaded_it_says_the_same(make_model, tmp_path, tied):
    model = make_model(decoder={"tie_embeddings": tied})
    model.save_pretrained(tmp_path)
    loaded = CaptionerModel.from_pretrained(tmp_path)
    assert not loaded.training
    assert any(text for texts in told(model) for text in texts)
    assert told(loaded) == told(model)
    assert (loaded.decoder.logits.weight is loaded.decoder.embedding.weight) == tied
    for name, tensor in model.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], tensor), name


def test_auto_model_knows_it(model_folder, make_model):
    assert AutoConfig.from_pretrained(model_folder).model_type == "captioner"
    loaded = AutoModel.from_pretrained(model_folder)
    assert isinstance(loaded, CaptionerModel)
    assert told(loaded) == told(make_model())


def test_folder_holds_safetensors_and_json_alone(model_folder):
    assert {path.suffix for path in model_folder.iterdir()} == {".safetensors", ".json"}
    assert (model_folder / "tokenizer.json").is_file()


def test_backbone_that_nobody_publishes_is_kept(model_folder, make_model):
    saved = load_file(model_folder / WEIGHTS)
    assert {
        f"encoder.backbone.{name}" for name in make_model().encoder.backbone.state_dict()
    } <= saved.keys()
    assert "decoder.logits.weight" not in saved


def test_published_backbone_is_left_out_and_fetched(make_model, tmp_path, published):
    model = make_model(encoder={"weights": "package"})
    model.config.backbone_fingerprint = model.encoder.fingerprint()
    model.save_pretrained(tmp_path)
    assert not [name for name in load_file(tmp_path / WEIGHTS) if "backbone" in name]
    loaded = CaptionerModel.from_pretrained(tmp_path)
    assert loaded.encoder.fingerprint() == model.encoder.fingerprint()
    assert told(loaded) == told(model)


def test_other_weights_than_those_trained_on_are_refused(make_model, tmp_path, published):
    model = make_model(encoder={"weights": "package"})
    model.config.backbone_fingerprint = model.encoder.fingerprint()
    model.save_pretrained(tmp_path)
    published["seed"] += 1
    with pytest.raises(
        ModelError, match="weights of test_resnet are not those the model was trained on"
    ):
        CaptionerModel.from_pretrained(tmp_path)


def test_fine_tuned_stages_are_saved_and_come_back(make_model, tmp_path, published):
    model = make_model(encoder={"weights": "package", "trainable_from": 4})
    model.config.backbone_fingerprint = model.encoder.fingerprint()
    with torch.no_grad():
        for name, parameter in model.encoder.backbone.named_parameters():
            if name in model.encoder.trainable_names():
                parameter.add_(0.25)
    model.save_pretrained(tmp_path)
    saved = {name for name in load_file(tmp_path / WEIGHTS) if "backbone" in name}
    assert saved == {f"encoder.backbone.{name}" for name in model.encoder.trainable_names()}
    loaded = CaptionerModel.from_pretrained(tmp_path)
    for name, tensor in model.encoder.backbone.state_dict().items():
        if not name.endswith("num_batches_tracked"):
            assert torch.equal(loaded.encoder.backbone.state_dict()[name], tensor), name
    assert told(loaded) == told(model)


def test_float16_weights_load_as_float32(model_folder):
    weights = load_file(model_folder / WEIGHTS)
    halves = {
        name: tensor.half() if tensor.is_floating_point() else tensor
        for name, tensor in weights.items()
    }
    save_file(halves, model_folder / WEIGHTS, metadata={"format": "pt"})
    loaded = CaptionerModel.from_pretrained(model_folder)
    for name, tensor in loaded.own_state_dict().items():
        assert tensor.dtype == weights[name].dtype
        assert torch.equal(tensor, halves[name].to(tensor.dtype)), name
    assert told(loaded)


@pytest.mark.parametrize(
    ("options", "search"),
    [
        (
            {"num_beams": 3, "num_return_sequences": 2, "max_new_tokens": 4},
            {"beam_size": 3, "num_captions": 2, "max_length": 4},
        ),
        ({"num_beams": 1, "min_new_tokens": 4}, {"beam_size": 1, "min_length": 4}),
        (
            {"no_repeat_ngram_size": 1, "length_penalty": 0.5},
            {"no_repeat_ngram_size": 1, "length_penalty": 0.5},
        ),
        (
            {"do_sample": True, "temperature": 2.0, "top_p": 0.7},
            {"sample": True, "temperature": 2.0, "top_p": 0.7},
        ),
        (
            {"num_beams": 4, "num_beam_groups": 2, "diversity_penalty": 2.0},
            {"beam_size": 4, "num_groups": 2, "diversity": 2.0},
        ),
    ],
)
def test_generate_speaks_transformers_names(make_model, options, search):
    model = make_model()
    sequences = model.generate(pixels(), **options)
    settings = model.search_config.model_copy(update=search)
    with torch.inference_mode():
        found = [
            one
            for hypotheses in model.search(model.encode(pixels()), settings)
            for one in hypotheses
        ]
    assert len(sequences) == len(found) == 3 * settings.num_captions
    for row, one in zip(sequences.tolist(), found, strict=True):
        expected = [1, *one.token_ids, 2]
        assert row == expected + [0] * (sequences.shape[1] - len(expected))
    assert model.tokenizer.batch_decode(sequences, skip_special_tokens=True) == model.decode(found)


def test_every_name_of_generate_is_one_of_our_options(make_model):
    assert set(GENERATE_NAMES.values()) <= set(type(make_model().search_config).model_fields)


def test_generate_names_what_it_does_not_know(make_model):
    with pytest.raises(ModelError, match="unknown options beams, penalty: choose from num_beams"):
        make_model().generate(pixels(), beams=3, penalty=1, num_beams=2)


def test_generate_names_what_is_out_of_range(make_model):
    with pytest.raises(ConfigError, match=r"generate: beam_size.*0"):
        make_model().generate(pixels(), num_beams=0)


def test_special_and_banned_words_are_never_written(make_model):
    model = make_model()
    plain = model.search_config.model_copy(
        update={"beam_size": 1, "num_captions": 1, "min_length": 5}
    )
    with torch.inference_mode():
        memory = model.encode(pixels())
        written = model.search(memory, plain)[0][0].token_ids
        word = model.tokenizer.decode([written[0]])
        other = model.search(memory, plain.model_copy(update={"banned_words": (word, "zebra")}))[0][
            0
        ].token_ids
    assert not {0, 1, 3} & set(written + other)
    assert written[0] not in other


def test_banning_a_word_of_several_tokens_leaves_its_parts(make_model):
    model = make_model()
    vocabulary = model.tokenizer.get_vocab()
    special = {0, 1, 3}
    assert set(model.forbidden_ids(("red's", "bright photo", "zebra"))) == special
    assert set(model.forbidden_ids(("Red", "photo."))) == special | {
        vocabulary["red"],
        vocabulary["photo"],
    }


@pytest.mark.parametrize("options", [{}, {"banned_words": ("red",)}])
def test_without_tokenizer_words_are_refused(make_model, options):
    model = make_model()
    model.tokenizer = None
    with pytest.raises(ModelError, match="tokenizer"), torch.inference_mode():
        model.decode(
            model.search(model.encode(pixels()), model.search_config.model_copy(update=options))[0]
        )


def test_forward_scores_several_captions_of_a_photo(make_model):
    model = make_model()
    words = torch.tensor([[1, 4], [1, 5], [1, 4], [1, 6], [1, 4], [1, 7]])
    with torch.inference_mode():
        logits, weights = model(pixels(), words)
        single, _ = model(pixels()[1:2], words[3:4])
    assert logits.shape[:2] == weights.shape[:2] == (6, 2)
    torch.testing.assert_close(logits[3], single[0], atol=1e-4, rtol=1e-4)


def without(name):
    return lambda weights: weights.pop(name)


def with_unknown(weights):
    weights["decoder.second.weight"] = torch.zeros(3)


def with_nan(weights):
    weights["decoder.gate.bias"][1] = torch.nan


def with_other_size(weights):
    weights["decoder.gate.bias"] = torch.zeros(5)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (without("decoder.gate.weight"), r"1 missing, such as decoder\.gate\.weight"),
        (without("decoder.embedding.weight"), r"1 missing, such as decoder\.embedding\.weight"),
        (without("encoder.backbone.bn1.bias"), r"1 missing, such as encoder\.backbone\.bn1\.bias"),
        (with_unknown, r"1 unknown, such as decoder\.second\.weight"),
        (with_nan, r"decoder\.gate\.bias holds NaN or infinity"),
        (with_other_size, r"1 of another size, such as decoder\.gate\.bias"),
    ],
)
def test_weights_that_do_not_fit_are_named(model_folder, damage, message, capfd):
    weights = load_file(model_folder / WEIGHTS)
    damage(weights)
    save_file(weights, model_folder / WEIGHTS, metadata={"format": "pt"})
    with pytest.raises(ModelError, match=message):
        CaptionerModel.from_pretrained(model_folder)
    assert capfd.readouterr() == ("", "")


def test_fine_tuned_stages_must_be_there(make_model, tmp_path, published):
    make_model(encoder={"weights": "package", "trainable_from": 4}).save_pretrained(tmp_path)
    kept = {
        name: tensor
        for name, tensor in load_file(tmp_path / WEIGHTS).items()
        if "backbone" not in name
    }
    save_file(kept, tmp_path / WEIGHTS, metadata={"format": "pt"})
    with pytest.raises(ModelError, match=r"missing, such as encoder\.backbone"):
        CaptionerModel.from_pretrained(tmp_path)


def test_loading_info_is_there_for_who_asks(make_model, tmp_path, published):
    make_model(encoder={"weights": "package"}).save_pretrained(tmp_path)
    model, info = CaptionerModel.from_pretrained(tmp_path, output_loading_info=True)
    assert isinstance(model, CaptionerModel)
    assert not any(info.values())


def test_folder_of_another_kind_of_model_is_named(model_folder):
    path = model_folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"model_type": "blip"}))
    with pytest.raises(ModelError, match="model_type 'blip'"):
        CaptionerModel.from_pretrained(model_folder)


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json"])
@pytest.mark.parametrize("content", [None, "", "[]", "null", '{"model": '])
def test_a_broken_file_of_the_folder_is_named(model_folder, name, content):
    (model_folder / name).unlink()
    if content is not None:
        (model_folder / name).write_text(content)
    with pytest.raises(ModelError, match=name.replace(".", r"\.")):
        CaptionerModel.from_pretrained(model_folder)


@pytest.mark.parametrize("num_more", [-1, 2])
def test_the_words_of_another_model_are_named(model_folder, num_more):
    path = model_folder / "tokenizer.json"
    content = json.loads(path.read_text())
    words = content["model"]["vocab"]
    kept = sorted(words, key=words.get)[: len(words) + min(num_more, 0)]
    content["model"]["vocab"] = {
        word: number for number, word in enumerate([*kept, "llama", "emu"][: len(words) + num_more])
    }
    path.write_text(json.dumps(content))
    with pytest.raises(ModelError, match=r"tokenizer\.json has \d+ tokens, and config\.json"):
        CaptionerModel.from_pretrained(model_folder)


def test_normalisation_is_the_backbones_own_unless_given(make_model, model_folder):
    resnet = make_model(encoder={"backbone": "resnet18"}, image={"std": (0.1, 0.2, 0.3)})
    assert resnet.image_config.mean == (0.485, 0.456, 0.406)
    assert resnet.image_config.std == (0.1, 0.2, 0.3)
    path = model_folder / "config.json"
    content = json.loads(path.read_text())
    assert content["image"]["mean"] == [0.5, 0.5, 0.5]
    content["image"] |= {"mean": [0.1, 0.2, 0.3], "std": None}
    path.write_text(json.dumps(content))
    loaded = CaptionerModel.from_pretrained(model_folder).image_config
    assert (loaded.mean, loaded.std) == ((0.1, 0.2, 0.3), (0.5, 0.5, 0.5))


def test_config_names_the_type_of_the_weights_in_the_file(make_model, tmp_path):
    model = make_model()
    halves = {
        name: tensor.half()
        for name, tensor in model.own_state_dict().items()
        if tensor.is_floating_point()
    }
    for weights, name in ((halves, "float16"), (model.own_state_dict(), "float32")):
        model.save_pretrained(tmp_path, state_dict=weights)
        assert json.loads((tmp_path / "config.json").read_text())["dtype"] == name
        assert model.dtype == torch.float32


@pytest.mark.parametrize(
    ("section", "field", "value", "told"),
    [
        ("decoder", "cell", "transformer", "cell.*'transformer'"),
        ("image", "std", [0.5, 0.0, 0.5], r"std\.1: .* 0\.001 \(given: 0\.0\)"),
    ],
)
def test_folder_with_a_wrong_section_is_named(model_folder, section, field, value, told):
    path = model_folder / "config.json"
    content = json.loads(path.read_text())
    content[section][field] = value
    path.write_text(json.dumps(content))
    with pytest.raises(ConfigError, match=f"config.json: {section}: {told}"):
        CaptionerModel.from_pretrained(model_folder)


def test_push_to_hub_sends_the_whole_folder(make_model, monkeypatch):
    sent: dict[str, set[str]] = {}

    def upload(self: CaptionerModel, working_dir: str, repo_id: str, **_: object) -> None:
        sent[repo_id] = {path.name for path in Path(working_dir).iterdir()}

    repository = SimpleNamespace(create_repo=lambda name, **_: SimpleNamespace(repo_id=name))
    monkeypatch.setattr("transformers.utils.hub.hf_api", lambda: repository)
    monkeypatch.setattr("transformers.utils.hub.create_and_tag_model_card", lambda *_, **__: Mock())
    monkeypatch.setattr(CaptionerModel, "_upload_modified_files", upload)
    make_model().push_to_hub("someone/tiny")
    assert {"config.json", WEIGHTS, "tokenizer.json", "tokenizer_config.json"} <= sent[
        "someone/tiny"
    ]
