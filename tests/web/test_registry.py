"""The registry of models: they are listed at once, loaded once, and never taken for another
kind.
"""

import subprocess
import sys

import pytest

from captioner.errors import ModelError
from captioner.pretrained.registry import MODELS
from captioner.web.limits import Limits
from captioner.web.registry import ModelRegistry


def test_the_models_that_ship_are_those_of_the_pipeline():
    from captioner.pipeline import list_models

    assert list_models() == sorted(path.parent for path in MODELS.glob("*/config.json"))


def test_models_are_listed_by_kind(made_up_model):
    registry = ModelRegistry([MODELS / "everyday", made_up_model])
    assert registry.names("image") == ["everyday"]
    assert registry.names("text") == ["reversed"]
    assert [model["name"] for model in registry.models()] == ["everyday", "reversed"]
    assert ("fr", "en") in registry.directions("reversed")
    assert registry.directions("everyday") == ()


def test_a_translator_that_may_see_photos_is_one_of_texts(make_photo_sentence_model, tmp_path):
    make_photo_sentence_model().save_pretrained(tmp_path / "seeing")
    registry = ModelRegistry([tmp_path / "seeing"])
    assert registry.names("text") == ["seeing"]
    assert registry.get("seeing", "text").translate("two dogs").source == "two dogs"


def test_a_card_has_neither_metadata_nor_pictures(made_up_model):
    assert ModelRegistry([made_up_model]).card("reversed") == "# reversed\nTurns round."


def test_a_model_is_loaded_once_and_reads_no_larger_photos_than_the_page_allows(model_folder):
    registry = ModelRegistry([model_folder], limits=Limits(pixels=1234))
    registry.load_all()
    captioner = registry.get("model", "image")
    assert registry.get("model", "image") is captioner
    assert captioner.preprocess.config.max_pixels == 1234


def test_a_model_that_cannot_be_loaded_says_why_at_each_try(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    registry = ModelRegistry([tmp_path])
    for _ in range(2):
        with pytest.raises(ModelError):
            registry.get(tmp_path.name, "image")


def test_unknown_and_unfit_models_are_refused(made_up_model, tmp_path):
    registry = ModelRegistry([made_up_model])
    with pytest.raises(ModelError, match="there is no model 'other'"):
        registry.get("other", "text")
    with pytest.raises(ModelError, match="reads another kind"):
        registry.get("reversed", "image")
    with pytest.raises(ModelError, match=r"no config\.json"):
        ModelRegistry([tmp_path])
    with pytest.raises(ModelError, match="have one name"):
        ModelRegistry([made_up_model, made_up_model])


def test_a_page_is_built_without_torch():
    program = (
        "import sys\nfrom captioner.web.page import build_page\nfrom captioner.web.registry import"
        " ModelRegistry\n"
        "from captioner.web.limits import Limits\nbuild_page(ModelRegistry(),"
        " Limits())\nprint('torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip().splitlines()[-1] == "False"
