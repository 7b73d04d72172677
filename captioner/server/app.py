"""The paths of the server, and their descriptions on its OpenAPI page."""

import hmac
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import PlainTextResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from fastapi_offline import FastAPIOffline
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.exceptions import HTTPException as StarletteHTTPException

from captioner import __version__
from captioner.config import SearchConfig
from captioner.errors import CaptionerError
from captioner.server.admission import Admission
from captioner.server.answers import CaptionAnswer, FailureAnswer, ModelEntry, TranslationAnswer
from captioner.server.failures import answer_error
from captioner.server.metrics import Measured, Metrics
from captioner.server.parsing import read_body
from captioner.server.service import Service

PATHS = frozenset({"/caption", "/translate", "/models", "/healthz", "/metrics"})
FAILURES: dict[int | str, dict[str, Any]] = {
    400: {
        "model": FailureAnswer,
        "description": "The request makes no sense, or the photo cannot be read.",
    },
    413: {"model": FailureAnswer, "description": "The photo has too many bytes or pixels."},
    503: {
        "model": FailureAnswer,
        "description": "Too many requests wait: ask again after `Retry-After` seconds.",
    },
}
ABOUT = (
    "Photos to captions, texts to translations. Requests that come together go through the"
    " model together."
)


def build_app(service: Service, metrics: Metrics, password: str | None = None) -> FastAPI:
    """Return the application, not yet served.

    Args:
        service: What does the work.
        metrics: What is told to Prometheus; the batcher counts there, too.
        password: What clients give as `Authorization: Bearer`; None: nothing is asked for.
    """
    # Its page loads nothing from elsewhere.
    app: FastAPI = FastAPIOffline(
        title="captioner", version=__version__, description=ABOUT, redoc_url=None
    )
    for kind in (CaptionerError, StarletteHTTPException, Exception):
        app.add_exception_handler(kind, answer_error)
    app.add_middleware(Admission, limits=service.limits)
    app.add_middleware(Measured, metrics=metrics, paths=PATHS)
    locked = [Depends(_asks_for(password))] if password else []
    _add_work(app, service, locked)

    @app.get("/models", dependencies=locked)
    async def models() -> list[ModelEntry]:
        """List the models; the first of a kind is the one that works where a request names none."""
        return [
            ModelEntry(name=name, kind=kind)
            for kind in ("image", "text")
            for name in service.registry.names(kind)
        ]

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        """Tell that the server answers; its models are loaded before it does."""
        return {"status": "ok", "version": __version__}

    @app.get("/metrics", dependencies=locked, response_class=PlainTextResponse)
    async def metrics_text() -> PlainTextResponse:
        """Tell how much was done, and how fast, in Prometheus' text format."""
        return PlainTextResponse(metrics.text(), media_type=CONTENT_TYPE_LATEST)

    return app


def _add_work(app: FastAPI, service: Service, locked: list[Any]) -> None:
    photo = {
        "type": "string",
        "description": "The photo: a file in a form, its bytes as base64 in JSON.",
    }
    text = {"type": "string", "description": "One sentence or several."}
    languages = {
        "source": {"type": "string", "description": "The language of the text, such as en."},
        "target": {"type": "string", "description": "The language to translate it to."},
    }

    @app.post(
        "/caption",
        responses=FAILURES,
        openapi_extra=_body({"photo": photo}, "binary"),
        dependencies=locked,
    )
    async def caption(request: Request) -> CaptionAnswer:
        """Caption one photo."""
        return await service.caption(await read_body(request))

    @app.post(
        "/translate",
        responses=FAILURES,
        openapi_extra=_body({"text": text, **languages}),
        dependencies=locked,
    )
    async def translate(request: Request) -> TranslationAnswer:
        """Translate one text."""
        return await service.translate(await read_body(request))


def _body(fields: dict[str, dict[str, Any]], form_format: str | None = None) -> dict[str, Any]:
    """Describe a body for OpenAPI.

    The first field is what is worked on; behind the fields are the options of the search.
    """
    what, described = next(iter(fields.items()))
    options = SearchConfig.model_json_schema()["properties"]
    common = {
        "model": {
            "type": "string",
            "description": "One that `/models` lists; the first of them where none is named.",
        },
        "attention": {
            "type": "boolean",
            "default": False,
            "description": "Tell where the decoder looked.",
        },
        # The defaults are each model's own.
        **{
            name: {key: told for key, told in field.items() if key != "default"}
            for name, field in options.items()
        },
    }
    as_form = described | ({"format": form_format} if form_format else {})
    return {
        "requestBody": {
            "required": True,
            "content": {
                kind: {
                    "schema": {
                        "type": "object",
                        "required": [what],
                        "properties": {**fields, what: field, **common},
                    }
                }
                for kind, field in (
                    ("multipart/form-data", as_form),
                    ("application/json", described),
                )
            },
        }
    }


def _asks_for(password: str) -> Any:
    bearer = HTTPBearer(auto_error=False)

    async def check(given: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]) -> None:
        # Headers are bytes, which the framework shows as Latin-1; what clients send is UTF-8.
        sent = b"" if given is None else given.credentials.encode("latin-1")
        if not hmac.compare_digest(sent, password.encode()):
            raise HTTPException(
                401,
                "a password is needed: Authorization: Bearer ...",
                {"WWW-Authenticate": "Bearer"},
            )

    return check
