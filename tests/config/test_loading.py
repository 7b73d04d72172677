"""Settings are checked, documented and overridden by name."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from captioner.config import (
    CONFIGS,
    EXPERIMENTS,
    PhotoConfig,
    SearchConfig,
    SentenceConfig,
    load_config,
    validated,
)
from captioner.errors import ConfigError

FILE = """
[encoder]
dim = 14

[training]
epochs = 3
learning_rate = 1e-3
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.toml"
    path.write_text(FILE, encoding="utf-8")
    return path


def test_file_fills_fields_and_leaves_the_others(file):
    config = load_config(file)
    assert (config.encoder.dim, config.training.epochs, config.training.learning_rate) == (
        14,
        3,
        1e-3,
    )
    assert config.decoder == PhotoConfig().decoder


@pytest.mark.parametrize(
    ("override", "section", "field", "value"),
    [
        ("training.epochs=5", "training", "epochs", 5),
        ("training.learning_rate=2e-4", "training", "learning_rate", 2e-4),
        ("training.flips=false", "training", "flips", False),
        ("encoder.trainable_from=3", "encoder", "trainable_from", 3),
        ("data.images=photos/of = me", "data", "images", "photos/of = me"),
        ('search.banned_words=["man", "dog"]', "search", "banned_words", ("man", "dog")),
        (" decoder.cell = gru ", "decoder", "cell", "gru"),
    ],
)
def test_override_wins(file, override, section, field, value):
    assert getattr(getattr(load_config(file, [override]), section), field) == value


@pytest.mark.parametrize(
    "raw",
    [
        "2024",
        "1e3",
        "1_000",
        "true",
        "2024-01-01",
        "nan",
        "0x10",
        "[1]",
        "{}",
        "-1",
        "./a.b",
        "a=b",
        "日本",
    ],
)
@pytest.mark.parametrize("kind", EXPERIMENTS)
def test_a_text_may_look_like_another_value(file, raw, kind):
    file.write_text("", encoding="utf-8")  # what all kinds have
    for quoted in (raw, f"'{raw}'"):
        config = load_config(
            file, [f"encoder.kind={kind}", f"data.name={quoted}", f"training.output = {quoted} "]
        )
        assert (config.data.name, config.training.output) == (raw, raw)


def test_a_folder_of_a_number_needs_no_quotes_in_a_file(file):
    file.write_text("[data]\nimages = 2024\n[training]\noutput = 7\n", encoding="utf-8")
    config = load_config(file)
    assert (config.data.images, config.training.output) == ("2024", "7")
    with pytest.raises(ConfigError, match=r"data\.images.*True"):
        validated(PhotoConfig, {"data": {"images": True}}, "here")


PATHS = [
    (kind, section, field)
    for kind, experiment in EXPERIMENTS.items()
    for section in ("data", "training")
    for field in experiment.model_fields[section].annotation.PATHS
]


@pytest.mark.parametrize(("kind", "section", "field"), PATHS)
def test_the_home_of_the_user_may_be_written_short(file, monkeypatch, kind, section, field):
    file.write_text("", encoding="utf-8")  # what all kinds have
    monkeypatch.setenv("HOME", "/home/ada")
    for given, expected in [
        ("~/runs/x", "/home/ada/runs/x"),
        ("a/~/x", "a/~/x"),
        ("./~", "./~"),
        ("", ""),
    ]:
        for quoted in (given, f"'{given}'"):
            more = ["encoder.concepts=1"] if field == "texts" else []
            config = load_config(
                file, [f"encoder.kind={kind}", f"{section}.{field}={quoted}", *more]
            )
            assert getattr(getattr(config, section), field) in (expected, (expected,))
    encoder = {"kind": kind} | ({"concepts": 1} if field == "texts" else {})
    values = {"encoder": encoder, section: {field: Path("~/runs/x")}}
    given = getattr(getattr(validated(EXPERIMENTS[kind], values, "here"), section), field)
    assert given in ("/home/ada/runs/x", ("/home/ada/runs/x",))


def test_no_path_is_forgotten():
    texts_that_are_none = {"name", "license", "language", "source_language", "target_language"}
    for experiment in EXPERIMENTS.values():
        for section in ("data", "training"):
            table = experiment.model_fields[section].annotation
            texts = {
                field
                for field, info in table.model_fields.items()
                if info.annotation in (str, tuple[str, ...])
            }
            assert texts - texts_that_are_none == set(table.PATHS)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("training.epoch=5", "training.epoch: no such setting"),
        ("trainin.epochs=5", "trainin: no such setting"),
        ("training.epochs=0", "training.epochs.*greater than or equal to 1.*0"),
        ("training.epochs=many", "training.epochs.*'many'"),
        ("decoder.attention=hard", "decoder.attention.*'additive' or 'dot'.*'hard'"),
        ("search.beam_size=5", r"beam_size \(5\) must be divisible by num_groups \(2\)"),
        ("training.epochs", "write section.key=value"),
        ("epochs=3", "write section.key=value"),
    ],
)
def test_bad_override_is_named(file, override, message):
    file.write_text(FILE + "\n[search]\nnum_groups = 2\nbeam_size = 4\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=message):
        load_config(file, [override])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read"),
        (b"[training\n", "not valid"),
        (b"\xff\xfe", "not valid"),
        (b"1", "hold tables|not valid"),
    ],
)
@pytest.mark.parametrize("kind", ["TOML", "JSON"])
def test_bad_file_is_named(tmp_path, content, message, kind):
    path = tmp_path / f"bad.{kind.lower()}"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=message) as raised:
        load_config(path)
    assert str(path) in str(raised.value)


def test_override_of_a_section_that_is_no_table(tmp_path):
    path = tmp_path / "bad.toml"
    path.write_text("training = 3", encoding="utf-8")
    with pytest.raises(ConfigError, match="training must be a table"):
        load_config(path, ["training.epochs=3"])


def test_all_errors_are_told_at_once():
    with pytest.raises(ConfigError) as raised:
        validated(SearchConfig, {"beam_size": 0, "top_p": 2.0}, "here")
    assert [line.split(":")[1].strip() for line in str(raised.value).splitlines()] == [
        "beam_size",
        "top_p",
    ]


def test_the_kind_of_encoder_tells_the_sense(tmp_path):
    path = tmp_path / "kind.toml"
    path.write_text('[encoder]\nkind = "text"\ndim = 7\n', encoding="utf-8")
    config = load_config(path, ["data.max_words=9"])
    assert isinstance(config, SentenceConfig)
    assert (config.encoder.dim, config.data.max_words, config.decoder) == (
        7,
        9,
        PhotoConfig().decoder,
    )
    assert isinstance(load_config(path, ["encoder.kind=image"]), PhotoConfig)
    for override in ("image.height=64", "encoder.backbone=resnet18", "data.images=photos"):
        with pytest.raises(ConfigError, match="no such setting"):
            load_config(path, [override])
    with pytest.raises(
        ConfigError, match=r"there are image, text, photo\+text, speech, video \(given: 'sound'\)"
    ):
        load_config(path, ["encoder.kind=sound"])
    with pytest.raises(ConfigError, match=r"kernel_size \(4\) must be odd"):
        load_config(path, ["encoder.kernel_size=4"])


def test_settings_are_frozen():
    with pytest.raises(ValidationError):
        PhotoConfig().training.epochs = 3


@pytest.mark.parametrize("experiment", EXPERIMENTS.values())
def test_every_field_is_documented(experiment):
    for name, section in experiment.model_fields.items():
        for field, info in section.annotation.model_fields.items():
            assert info.description and info.description.endswith("."), f"{name}.{field}"


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.toml")), ids=lambda path: path.stem)
def test_shipped_configs_are_valid_and_claim_no_data(path):
    data = load_config(path).data
    assert data.name == data.license == ""


def test_settings_written_as_json_are_read_back(tmp_path):
    config = load_config(CONFIGS / "coco.toml", ["encoder.dim=3", 'search.banned_words=["man"]'])
    (tmp_path / "training_config.json").write_text(config.model_dump_json())
    assert load_config(tmp_path / "training_config.json") == config
    assert (
        load_config(tmp_path / "training_config.json", ["training.epochs=3"]).training.epochs == 3
    )


def test_fields_that_an_earlier_version_called_otherwise_are_still_read(tmp_path):
    path = tmp_path / "old.toml"
    path.write_text(
        '[encoder]\nkind = "speech"\n[data]\nnum_strings = 5\nmax_joined = 3\nunits = "pieces"\n',
        encoding="utf-8",
    )
    config = load_config(path, ["data.num_val_strings=2"])
    data = config.data
    assert (data.num_concatenated, data.max_concatenated, data.num_val_concatenated) == (5, 3, 2)
    assert data.units == "subwords"
    assert load_config(path, ["data.num_concatenated=7"]).data.num_concatenated == 7
