"""Runs captioners of transformers (BLIP, GIT, ViT-GPT2 and others) behind our own interface."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from PIL import Image
from torch import Tensor
from transformers import AutoImageProcessor, AutoModelForImageTextToText, AutoTokenizer

from captioner.config import SearchConfig
from captioner.errors import ConfigError, ModelError
from captioner.model.loading import quiet
from captioner.pipeline.caption_languages import WRITTEN
from captioner.pipeline.captioner import Captioner
from captioner.pipeline.result import Candidate, CaptionResult
from captioner.preprocess.image import ImageSource, read_image

NO_EFFECT = (
    "begin",
    "hint",
    "banned_words",
    "required_words",
    "concepts",
    "no_repeat_concepts",
    "num_groups",
)
"""Search options that transformers does not have. All others mean the same as for our own models,
but lengths are counted in tokens.
"""


class HuggingFacePreprocessor:
    """Reads photos as for our own models, and preprocesses them by the model's own processor."""

    def __init__(self, processor: Any) -> None:
        self._processor = processor

    def read(self, source: ImageSource) -> Image.Image:
        """Read a photo."""
        return read_image(source)

    def __call__(self, image: Image.Image) -> Float[Tensor, "3 height width"]:
        """Fit and normalise a photo."""
        return self._processor(images=image, return_tensors="pt")["pixel_values"][0]  # type: ignore[no-any-return]


class HuggingFaceCaptioner(Captioner):
    """Writes captions of photos with a model of transformers; they have no attention maps.

    Args:
        model: A folder, or a hub's `owner/name`.
        device: The device that it runs on.

    Raises:
        ModelError: It cannot be loaded, does not caption photos, or has no complete safetensors
            weights.
    """

    def __init__(self, model: str | Path, device: torch.device) -> None:
        self.name = Path(model).name
        self.search_config = SearchConfig()
        try:
            with quiet():
                self._tokenizer: Any = AutoTokenizer.from_pretrained(model)
                processor = AutoImageProcessor.from_pretrained(model)  # type: ignore[no-untyped-call]
                found: Any = AutoModelForImageTextToText.from_pretrained(
                    model, use_safetensors=True, dtype=torch.float32, output_loading_info=True
                )
        except Exception as error:  # transformers and its hub raise all kinds
            raise ModelError(
                f"{model} cannot be loaded as a captioner of transformers: {error}"
            ) from error
        self.preprocess: Any = HuggingFacePreprocessor(processor)
        loaded, info = found
        if missing := sorted(map(str, info["missing_keys"])):
            raise ModelError(f"{model}: {len(missing)} weights are missing, such as {missing[0]}")
        self.model: Any = loaded.eval().to(device)

    @property
    def recognises(self) -> bool:
        """False, since it detects no words."""
        return False

    @property
    def own_languages(self) -> list[str]:
        """English, in which nearly all captioners of the hub write."""
        return [WRITTEN]

    @property
    def num_streams(self) -> int:
        """One, because such large layers use all threads well, and a batch takes much memory."""
        return 1

    def check(self, search: SearchConfig) -> None:
        """Check that transformers has these options, and that there are captions in the language.

        Raises:
            ConfigError: An option or the language is not available.
        """
        for option in NO_EFFECT:
            if getattr(search, option) != getattr(SearchConfig(), option):
                raise ConfigError(
                    f"search.{option}: {self.name} is a model of transformers, which has no such"
                    " option"
                )
        self.check_language(search)

    def caption_images(self, images: Sequence[Any], search: SearchConfig) -> list[CaptionResult]:
        """Caption photos that are already read or preprocessed, as one batch.

        Raises:
            ConfigError: A search option is set that transformers does not have.
            ModelError: The model cannot caption a photo without a prompt.
        """
        self.check(search)
        if not images:
            return []
        tensors = [
            image if isinstance(image, Tensor) else self.preprocess(image) for image in images
        ]
        pixels = torch.stack(tensors).to(self.model.device)
        try:
            seed = search.seed if search.sample else None
            with (
                torch.inference_mode(),
                torch.random.fork_rng(devices=[], enabled=seed is not None),
                quiet(),
            ):
                if seed is not None:
                    torch.manual_seed(seed)
                output: Any = self.model.generate(pixel_values=pixels, **_generate_options(search))
        except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
            raise ModelError(
                f"{self.name} cannot caption a photo without a prompt: {error}"
            ) from error
        candidates = self._candidates(output)
        count = search.num_captions
        results = [
            CaptionResult(tuple(candidates[first : first + count]))
            for first in range(0, len(candidates), count)
        ]
        return self._written(results, search)

    def _candidates(self, output: Any) -> list[Candidate]:
        token_ids, log_probs, real = written(output, self._end_ids())
        special = torch.isin(token_ids, torch.tensor(self._tokenizer.all_special_ids))
        candidates = []
        for ids, values, kept, hidden in zip(token_ids, log_probs, real, special, strict=True):
            shown = ids[kept & ~hidden].tolist()
            candidate = Candidate(
                text=str(self._tokenizer.decode(shown, skip_special_tokens=True)).strip(),
                log_prob=float(values[kept].sum()),
                words=tuple(self._tokenizer.convert_ids_to_tokens(shown)),
                word_log_probs=tuple(values[kept & ~hidden].tolist()),
                attention=np.zeros((len(shown), 0, 0), np.float32),
            )
            candidates.append(candidate)
        return candidates

    def _end_ids(self) -> list[int]:
        end: Any = self.model.generation_config.eos_token_id
        ends = [
            *(end if isinstance(end, list) else [end]),
            self._tokenizer.eos_token_id,
            self._tokenizer.sep_token_id,
        ]
        return [token_id for token_id in ends if token_id is not None]


def _generate_options(search: SearchConfig) -> dict[str, Any]:
    """Return our search options by the names of transformers' `generate`."""
    options: dict[str, Any] = {
        "max_new_tokens": search.max_length,
        "min_new_tokens": search.min_length,
        "no_repeat_ngram_size": search.no_repeat_ngram_size,
        "num_return_sequences": search.num_captions,
        "return_dict_in_generate": True,
        "output_logits": True,
    }
    if search.sample:
        return options | {
            "do_sample": True,
            "num_beams": 1,
            "temperature": search.temperature,
            "top_p": search.top_p,
            "top_k": 0,
        }
    return options | {
        "do_sample": False,
        "num_beams": max(search.beam_size, search.num_captions),
        "length_penalty": search.length_penalty,
    }


def written(
    output: Any, end_ids: Sequence[int]
) -> tuple[Int[Tensor, "rows target"], Float[Tensor, "rows target"], Bool[Tensor, "rows target"]]:
    """Extract the tokens and their log-probabilities from what `generate` returned.

    Returns:
        The tokens without any prompt, the log-probability of each, and whether each is real: a
        token of the text or the one that ends it.
    """
    logits: Float[Tensor, "target beams vocab"] = torch.stack(output.logits).float()
    beams = getattr(output, "beam_indices", None)
    if beams is None:
        rows = torch.arange(logits.shape[1], device=logits.device)
        beams = rows.unsqueeze(1).expand(-1, len(logits))
    length = int((beams >= 0).sum(1).max())
    token_ids, beams = output.sequences[:, -length:], beams[:, :length]
    steps = torch.arange(length, device=logits.device)
    log_probs = logits.log_softmax(-1)[steps, beams.clamp(min=0), token_ids]
    ends = torch.isin(token_ids, torch.tensor(end_ids, device=token_ids.device)).long()
    real = (beams >= 0) & (ends.cumsum(1) - ends == 0)
    return token_ids.cpu(), log_probs.cpu(), real.cpu()
