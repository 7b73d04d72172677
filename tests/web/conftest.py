"""A page with models that ship and a translator that is made up, served once for all tests of
the web.
"""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from captioner.pretrained.registry import MODELS
from captioner.web.launch import served
from captioner.web.limits import Limits
from captioner.web.registry import ModelRegistry

LIMITS = Limits(
    recording_s=5,
    files=60,
    file_bytes=20_000_000,
    unpacked_bytes=40_000_000,
    pixels=10_000_000,
    text_characters=80,
)


class MadeUpTranslator:
    """Reverses a sentence and shouts; each word looks at the word that it comes from, and a
    little at all others.
    """

    def translate(
        self, sentence: str, num_captions: int = 1, beam_size: int = 5
    ) -> SimpleNamespace:
        source = sentence.split()
        words = [word.upper() for word in reversed(source)]
        attention = np.full((len(source), len(source)), 0.1 / len(source), dtype=np.float32)
        attention[np.arange(len(source)), np.arange(len(source))[::-1]] += 0.9
        log_probs = [float(np.log(0.8))] * len(words)
        candidates = [
            SimpleNamespace(
                text=" ".join(words) + "!" * rank,
                log_prob=-1.0 - rank,
                words=words,
                word_log_probs=log_probs,
                attention=attention,
            )
            for rank in range(num_captions)
        ]
        return SimpleNamespace(candidates=candidates, source_words=source)


@pytest.fixture(scope="session")
def made_up_model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a text model; what the page makes of it is the translator above."""
    folder = tmp_path_factory.mktemp("models") / "reversed"
    folder.mkdir()
    (folder / "config.json").write_text('{"encoder": {"kind": "text"}}', encoding="utf-8")
    (folder / "README.md").write_text(
        "---\nlicense: mit\n---\n# reversed\n![curve](curve.png)\nTurns round.\n"
    )
    load = ModelRegistry._load
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            ModelRegistry,
            "_load",
            lambda self, model: MadeUpTranslator() if model.folder == folder else load(self, model),
        )
        yield folder


@pytest.fixture(scope="session")
def url(made_up_model: Path) -> Iterator[str]:
    """Where the page is served."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("CAPTIONER_PASSWORD", raising=False)
        models = [MODELS / "everyday", made_up_model, MODELS / "digits", MODELS / "actions"]
        with served(models, "127.0.0.1", limits=LIMITS, device="cpu") as page:
            yield str(page.local_url)


@pytest.fixture(scope="session")
def limits() -> Limits:
    """What the page at `url` allows."""
    return LIMITS
