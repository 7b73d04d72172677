"""Reads a config file and overrides, and returns checked settings."""

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin

from pydantic import ValidationError

from captioner.config.experiment import EXPERIMENTS, Experiment
from captioner.config.search import SearchConfig
from captioner.config.section import Section
from captioner.errors import ConfigError
from captioner.home import in_home

CONFIGS = Path(__file__).parent.parent / "configs"


def load_config(path: str | Path, overrides: list[str] | tuple[str, ...] = ()) -> Experiment:
    """Read a TOML file or a `training_config.json`, and apply `section.key=value` overrides.

    Raises:
        ConfigError: The file is missing or broken, or a field is unknown, of the wrong type or out
            of range.
    """
    path = Path(in_home(str(path)))
    kind = "JSON" if path.suffix == ".json" else "TOML"
    try:
        text = path.read_text(encoding="utf-8")
        tables = json.loads(text) if kind == "JSON" else tomllib.loads(text)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror})") from error
    except ValueError as error:  # of the text's encoding, too
        raise ConfigError(f"{path}: not valid {kind} ({error})") from error
    if not isinstance(tables, dict):
        raise ConfigError(f"{path}: it must hold tables of settings, such as training")
    changes = [_parse_override(override) for override in overrides]
    for names, raw in changes:
        _set(tables, names, _toml_value(raw), path)
    experiment = chosen_by_kind(EXPERIMENTS, tables.get("encoder"), str(path))
    for names, raw in changes:
        if _is_text(experiment, names):
            _set(tables, names, _text(raw), path)  # a folder may be called 2024, 1e3 or true
    return validated(experiment, tables, where=str(path))


SectionT = TypeVar("SectionT", bound=Section)


def chosen_by_kind(
    classes: Mapping[str, type[SectionT]], encoder: Any, where: str
) -> type[SectionT]:
    """Choose the encoder settings by the table's `kind`; a table without it is an image encoder.

    Raises:
        ConfigError: There is no such kind.
    """
    kind = encoder.get("kind", "image") if isinstance(encoder, dict) else "image"
    if kind not in classes:
        raise ConfigError(
            f"{where}: encoder.kind: there are {', '.join(classes)} (given: {kind!r})"
        )
    return classes[kind]


def validated(section: type[SectionT], values: dict[str, Any], where: str) -> SectionT:
    """Build a section from plain values.

    The error names each wrong field, its value and what would be right.
    """
    try:
        return section.model_validate(values)
    except ValidationError as error:
        lines = []
        for problem in error.errors():
            field = ".".join(str(part) for part in problem["loc"]) or section.__name__
            given = (
                ""
                if problem["type"] in ("missing", "value_error")
                else f" (given: {problem['input']!r})"
            )
            message = problem["msg"].removeprefix("Value error, ")
            if problem["type"] == "extra_forbidden":
                message, given = "no such setting", ""
            lines.append(f"{where}: {field}: {message}{given}")
        raise ConfigError("\n".join(lines)) from error


def changed(search: SearchConfig, changes: Mapping[str, Any], where: str) -> SearchConfig:
    """Return search options with some of them changed; errors are those of `validated`."""
    return validated(SearchConfig, {**search.model_dump(), **changes}, where)


def _parse_override(text: str) -> tuple[list[str], str]:
    """Cut `section.key=value` into the names of tables and key, and the value."""
    name, equals, raw = text.partition("=")
    names = [part.strip() for part in name.split(".")]
    if not equals or len(names) < 2 or not all(names):
        raise ConfigError(
            f"override {text!r}: write section.key=value, for example training.epochs=3"
        )
    return names, raw.strip()


def _set(tables: dict[str, Any], names: list[str], value: Any, path: Path) -> None:
    """Set a key of a table within tables, which are made where they are not there."""
    *sections, key = names
    for number, section in enumerate(sections):
        tables = tables.setdefault(section, {})
        if not isinstance(tables, dict):
            raise ConfigError(f"{path}: {'.'.join(sections[: number + 1])} must be a table")
    tables[key] = value


def _toml_value(raw: str) -> Any:
    try:
        return tomllib.loads(f"value = {raw}")["value"]
    except tomllib.TOMLDecodeError:
        return raw  # a bare word is a string


def _text(raw: str) -> str:
    """Return what was written, without the quotes of a string of TOML."""
    value = _toml_value(raw)
    return value if isinstance(value, str) else raw


def _is_text(experiment: type[Section], names: list[str]) -> bool:
    """Say whether a setting takes any text."""
    table: Any = experiment
    *sections, key = names
    for section in sections:
        if get_origin(table) is dict:  # tables by name
            table = get_args(table)[1]
            continue
        field = table.model_fields.get(section) if _is_section(table) else None
        table = None if field is None else field.annotation
    return _is_section(table) and table.is_text(key)


def _is_section(table: Any) -> bool:
    return isinstance(table, type) and issubclass(table, Section)
