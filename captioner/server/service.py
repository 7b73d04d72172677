"""Answers requests: threads read photos, and the batcher runs concurrent requests together."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any, TypeVar

from captioner.config import SearchConfig
from captioner.errors import InputError, ModelError, UsageError
from captioner.server.answers import (
    CaptionAnswer,
    TranslationAnswer,
    caption_answer,
    translation_answer,
)
from captioner.server.batcher import Batcher
from captioner.server.parsing import Body, ParsedRequest, parsed_request, photo_bytes
from captioner.web.limits import Limits
from captioner.web.registry import ModelRegistry

T = TypeVar("T")


class Service:
    """Captions photos and translates texts for many clients at once.

    Args:
        registry: The models, loaded.
        limits: How much one request may ask for.
        readers: Threads that read photos.
        batcher: What runs the models.
    """

    def __init__(
        self, registry: ModelRegistry, limits: Limits, readers: Executor, batcher: Batcher
    ) -> None:
        self.registry = registry
        self.limits = limits
        self._readers = readers
        self._batcher = batcher

    async def caption(self, body: Body) -> CaptionAnswer:
        """Caption one photo.

        Raises:
            UsageError: The request makes no sense.
            InputError: The photo cannot be read.
            ConfigError: A search option is out of range.
        """
        request, captioner, search, photo = await self._aside(self._read_photo, body)
        result = await asyncio.wrap_future(
            self._batcher.submit(captioner.caption_images, photo, search)
        )
        return caption_answer(result, captioner.name, request.attention)

    async def translate(self, body: Body) -> TranslationAnswer:
        """Translate one text.

        Raises:
            UsageError: The request makes no sense.
            ConfigError: A search option is out of range.
        """
        request, translator, search, languages = await self._aside(self._read_text, body)
        result = await asyncio.wrap_future(
            self._batcher.submit(translator.translate_texts, request.what, search, *languages)
        )
        return translation_answer(result, translator.name, request.attention)

    async def _aside(self, work: Callable[..., T], *values: Any) -> T:
        """Do something in a thread while other requests are answered."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, work, *values)

    def _read_photo(self, body: Body) -> tuple[ParsedRequest, Any, SearchConfig, Any]:
        request = parsed_request(body, "photo", self.limits)
        captioner = self._model(request.model, "image")
        search = captioner.options(**request.options)
        if search.concepts and not captioner.recognises:
            raise UsageError(
                f"concepts: model {captioner.name!r} does not tell what it finds in a photo"
            )
        try:
            image = captioner.preprocess.read(photo_bytes(request))
            return request, captioner, search, captioner.preprocess(image)
        except InputError as error:
            raise type(error)(request.name, error.reason) from error

    def _read_text(
        self, body: Body
    ) -> tuple[ParsedRequest, Any, SearchConfig, tuple[str | None, str | None]]:
        request = parsed_request(body, "text", self.limits)
        translator = self._model(request.model, "text")
        if not isinstance(request.what, str) or not request.what.strip():
            raise UsageError("text must be a text that is not empty")
        if len(request.what) > self.limits.text_characters:
            raise UsageError(
                f"{len(request.what)} characters; this server translates at most"
                f" {self.limits.text_characters}"
            )
        try:
            translator.direction([], *request.languages)
        except ModelError as error:
            raise UsageError(str(error)) from error
        return request, translator, translator.options(**request.options), request.languages

    def _model(self, name: str | None, kind: str) -> Any:
        names = self.registry.names(kind)
        if not names:
            raise UsageError(
                f"no model here {'captions photos' if kind == 'image' else 'translates'}"
            )
        if name is not None and name not in names:
            raise UsageError(
                f"there is no model {name!r} for it here: choose from {', '.join(names)}"
            )
        return self.registry.get(name or names[0], kind)
