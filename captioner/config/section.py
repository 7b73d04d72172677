"""The base class of all tables of settings: their paths, earlier names and checks."""

import os
from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, ValidationInfo, field_validator, model_validator

from captioner.home import in_home


class Section(BaseModel):
    """A frozen table of settings that refuses unknown names."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False
    )

    PATHS: ClassVar[dict[str, str]] = {}
    """The fields that are paths of this machine, and what stands for them in a command that
    others may run.
    """

    RENAMED: ClassVar[dict[str, str]] = {}
    """Today's name of each field that an earlier version called otherwise: its files are still
    read.
    """

    REMOVED: ClassVar[frozenset[str]] = frozenset()
    """Fields that an earlier version had and that say nothing any more: models' files have them,
    and are still read.
    """

    @classmethod
    def with_current_names(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Return a table in which fields have today's names, without those that are gone."""
        return {
            cls.RENAMED.get(name, name): value
            for name, value in values.items()
            if name not in cls.REMOVED
        }

    @model_validator(mode="before")
    @classmethod
    def _rename(cls, values: Any) -> Any:
        return cls.with_current_names(values) if isinstance(values, dict) else values

    @classmethod
    def is_text(cls, field: str) -> bool:
        """Whether any text at all is a value of the field."""
        return field in cls.model_fields and cls.model_fields[field].annotation is str

    @field_validator("*", mode="before")
    @classmethod
    def _texts_and_paths(cls, value: Any, info: ValidationInfo) -> Any:
        """Accept a whole number as text, and `~` in a path as the user's home."""
        name = str(info.field_name)
        if cls.is_text(name) and isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if name not in cls.PATHS:
            return value
        if isinstance(value, list | tuple):
            return [_in_home(path) for path in value]
        return _in_home(value)


def _in_home(path: Any) -> Any:
    """Take `~` in a path for the user's home; one that is not known stays as it is written."""
    return in_home(os.fsdecode(path)) if isinstance(path, str | os.PathLike) else path


def without_folder(path: str) -> str:
    """Return the last name of a path, and of `RUN/best` both names: what may be told to others."""
    parts = Path(path)
    return f"{parts.parent.name}/best" if parts.name == "best" else parts.name
