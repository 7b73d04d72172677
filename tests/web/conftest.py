"""A page with models that ship and a made-up translator, served once for all tests of the web."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from captioner.pipeline.chaining import chain_sentences
from captioner.pipeline.result import Candidate, SentenceResult, TranslationResult
from captioner.preprocess.sentences import cut_sentences
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


DIRECTIONS = [["en", "de"], ["de", "en"], ["en", "fr"], ["fr", "en"]]


class MadeUpTranslator:
    """Reverses sentences and shouts; each word looks at the one that it comes from."""

    def translate(
        self, text: str, source: str, target: str, num_captions: int = 1, beam_size: int = 5
    ) -> TranslationResult:
        layout = cut_sentences(text, source)
        sentences = [self._sentence(one, num_captions) for one in layout.sentences]
        return chain_sentences(text, layout, sentences, source, target)

    def _sentence(self, sentence: str, num_captions: int) -> SentenceResult:
        words = tuple(word.upper() for word in reversed(sentence.split()))
        attention = np.full((len(words), len(words)), 0.1 / len(words), dtype=np.float32)
        attention[np.arange(len(words)), np.arange(len(words))[::-1]] += 0.9
        log_probs = (float(np.log(0.8)),) * len(words)
        texts = [" ".join(words) + "!" * rank for rank in range(num_captions)]
        return SentenceResult(
            tuple(
                Candidate(one, -1.0 - rank, words, log_probs, attention)
                for rank, one in enumerate(texts)
            ),
            sentence,
        )


@pytest.fixture(scope="session")
def made_up_model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a text model; what the page makes of it is the translator above."""
    folder = tmp_path_factory.mktemp("models") / "reversed"
    folder.mkdir()
    config = {"encoder": {"kind": "text"}, "directions": DIRECTIONS}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
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
