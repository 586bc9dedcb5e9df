"""Reads the settings once: flags win over the environment, that over the file, that over defaults."""

import difflib
import json
import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_origin

from pydantic import BaseModel, ValidationError

from hounsfield.errors import HounsfieldError
from hounsfield.settings.model import (
    PeerSettings,
    Settings,
    default_data_folder,
    is_group,
    settings_of,
)

FILE_NAME = "hounsfield.toml"
_PREFIX = "HOUNSFIELD_"


class SettingsError(HounsfieldError):
    """A setting that cannot be used; its text names the setting, where it stands and why."""


@dataclass(frozen=True, slots=True)
class Effective:
    """The settings in force and, by dotted key, where each was read from."""

    settings: Settings
    origins: Mapping[str, str]


def read_settings(
    flags: Mapping[str, Any] | None = None,
    *,
    file: Path | None = None,
    environment: Mapping[str, str] | None = None,
    default_data: Path | None = None,
) -> Effective:
    """Read all sources; ``flags`` are by dotted key, those that are None were not given.

    Without ``file`` it is ``hounsfield.toml`` in the data folder, if there. ``default_data`` is the
    data folder when no source names one. Raises SettingsError.
    """
    given = {key: value for key, value in (flags or {}).items() if value is not None}
    variables = _from_environment(os.environ if environment is None else environment)
    data = Path(given.get("data") or variables.get("data") or default_data or default_data_folder())
    if file is None and (data / FILE_NAME).is_file():
        file = data / FILE_NAME
    table = _read_file(file) if file else {}
    in_file = dict(_leaves(table))
    if file and isinstance(in_file.get("data"), str):
        in_file["data"] = str((file.parent / in_file["data"]).absolute())
    merged: dict[str, Any] = {"data": str(default_data or default_data_folder())}
    origins = {setting.key: "default" for setting in settings_of()}
    for values, origin in (
        (in_file, lambda _: str(file)),
        (variables, _variable),
        (given, lambda _: "command line"),
    ):
        merged |= values
        origins |= {key: origin(key) for key in values}
    settings = _validate(merged, origins)
    return Effective(
        settings.model_copy(update={"data": settings.data.expanduser().absolute()}), origins
    )


def _variable(key: str) -> str:
    return _PREFIX + key.upper().replace(".", "_")


def _read_file(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except OSError as problem:
        raise SettingsError(f"{file}: {problem.strerror}") from problem
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise SettingsError(f"{file}: {problem}") from problem


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    """The settings that environment variables give, by dotted key."""
    known = {setting.environment: setting for setting in settings_of()}
    groups = tuple(
        f"{_PREFIX}{name.upper()}_"
        for name, field in Settings.model_fields.items()
        if is_group(field.annotation)
    )
    found: dict[str, Any] = {}
    for name, text in environment.items():
        if not name.startswith(_PREFIX):
            continue
        if name not in known:
            # Other variables with our prefix are nobody's mistake, unless they look like one.
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.85)
            if near or name.startswith(groups):
                raise SettingsError(f"{name}: no such setting{_suggest(name, known)}")
            continue
        setting = known[name]
        kind = get_origin(setting.field.annotation)
        if kind is tuple and not text.startswith("["):
            found[setting.key] = [part.strip() for part in text.split(",") if part.strip()]
            continue
        if kind not in {dict, tuple}:
            found[setting.key] = text
            continue
        try:
            found[setting.key] = json.loads(text)
        except ValueError as problem:
            raise SettingsError(f"{name}: not JSON: {problem}") from problem
    return found


def _leaves(
    table: Mapping[str, Any], group: type[BaseModel] = Settings, prefix: str = ""
) -> Iterator[tuple[str, Any]]:
    """Flatten the tables of a file that are groups; whatever is unknown stays as it stands."""
    for name, value in table.items():
        field = group.model_fields.get(name)
        if field is not None and is_group(field.annotation) and isinstance(value, Mapping):
            yield from _leaves(value, field.annotation, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def _validate(values: Mapping[str, Any], origins: Mapping[str, str]) -> Settings:
    nested: dict[str, Any] = {}
    for key, value in values.items():
        table = nested
        *groups, name = key.split(".")
        for group in groups:
            table = table.setdefault(group, {})
            if not isinstance(table, dict):
                break  # a value where a table belongs: the model says so
        else:
            table[name] = value
    try:
        return Settings.model_validate(nested)
    except ValidationError as problems:
        raise SettingsError(
            "\n".join(_explain(dict(problem), origins) for problem in problems.errors())
        ) from None


def _explain(problem: Mapping[str, Any], origins: Mapping[str, str]) -> str:
    """One plain line for what pydantic found."""
    path = [str(part) for part in problem["loc"]]
    key = ".".join(path)
    origin = next(
        (origins[name] for n in range(len(path), 0, -1) if (name := ".".join(path[:n])) in origins),
        "",
    )
    where = f" ({origin})" if origin else ""
    if problem["type"] == "extra_forbidden":
        known = [setting.key for setting in settings_of()]
        if path[:2] == ["dimse", "peers"]:
            known = [".".join([*path[:3], name]) for name in PeerSettings.model_fields]
        return f"{key}: no such setting{_suggest(key, known)}{where}"
    if problem["type"] == "missing":
        return f"{key}: must be given{where}"
    reason = problem["msg"].removeprefix("Value error, ")
    return f"{key} = {problem['input']!r}: {reason[:1].lower()}{reason[1:]}{where}"


def _suggest(name: str, known: Mapping[str, Any] | list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    if not near and "." not in name:  # perhaps the right name, but outside of its table
        near = [key for key in known if key.endswith(f".{name}")][:1]
    return f", did you mean {near[0]}?" if near else ""
