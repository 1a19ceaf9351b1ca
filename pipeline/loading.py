"""Reads params.yaml; every mistake in it is told at once, with the key and the nearest valid name."""

import json
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from pipeline import datasets, systems
from pipeline.errors import UserError, unknown
from pipeline.params import DataParams, Params

PARAMS_FILE = Path("params.yaml")


def load(path: Path = PARAMS_FILE) -> Params:
    """Read and validate a params file; UserError names every key that is wrong."""
    raw = _read_yaml(path)
    try:
        # JSON mode is strict about types and still takes a list for a tuple.
        return _class(raw, path).model_validate_json(json.dumps(raw), strict=True)
    except ValidationError as error:
        problems = "; ".join(_explain(problem, raw) for problem in error.errors())
        raise UserError(f"{path}: {problems}") from None


def load_data(path: Path = PARAMS_FILE) -> DataParams:
    """Read and validate the section `data` alone: the others need a system's file, whose torch is slow."""
    raw = _read_yaml(path)
    try:
        return _data_class(raw, path).model_validate_json(json.dumps(raw.get("data")), strict=True)
    except ValidationError:
        return load(path).data  # which says what is wrong, there and elsewhere


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        raw = YAML(typ="safe", pure=True).load(path)
        json.dumps(raw)
    except FileNotFoundError:
        raise UserError(
            f"{path} is not here: run from the project's folder, or copy one from presets/"
        ) from None
    except (YAMLError, UnicodeDecodeError, OSError, TypeError, ValueError) as error:
        raise UserError(f"{path} can't be read as YAML: {' '.join(str(error).split())}") from None
    if not isinstance(raw, dict):
        raise UserError(f"{path}: expected the sections of a preset (name, seed, data, ...), found none")
    return raw


def _class(raw: dict[str, Any], path: Path) -> type[Params]:
    """Params with the sections of the system and the data set that the file names."""
    kind = _named(raw, path, "model", "kind", systems.kinds())
    return Params[systems.params_class(kind), _data_class(raw, path)]


def _data_class(raw: dict[str, Any], path: Path) -> type[DataParams]:
    return datasets.params_class(_named(raw, path, "data", "dataset", datasets.names()))


def _named(raw: dict[str, Any], path: Path, section: str, key: str, options: list[str]) -> str:
    """One of `options` that a section must name."""
    content = raw.get(section)
    name = content.get(key) if isinstance(content, dict) else None
    if name not in options:
        raise UserError(f"{path}: {section}.{key}: {unknown(name, options)}")
    return name


def _explain(problem: Any, raw: dict[str, Any]) -> str:
    """One pydantic problem as `path.to.key: what is wrong`."""
    where = ".".join(str(part) for part in problem["loc"])
    match problem["type"]:
        case "extra_forbidden":
            return f"{where}: {unknown(problem['loc'][-1], _valid_keys(problem['loc'][:-1], raw))}"
        case "missing":
            return f"{where}: missing (every value is written out: see presets/)"
        case "literal_error":
            options = [
                option.strip(" '") for option in problem["ctx"]["expected"].replace(" or ", ", ").split(",")
            ]
            return f"{where}: {unknown(problem['input'], options)}"
        case "value_error":
            message = problem["msg"].removeprefix("Value error, ")
            return f"{where}: {message}" if where else message
        case _:
            return f"{where}: {problem['msg'].lower()}, got {problem['input']!r}"


def _valid_keys(loc: tuple[Any, ...], raw: dict[str, Any]) -> list[str]:
    """The keys that the section at `loc` knows."""
    section: Any = _class(raw, PARAMS_FILE)
    for part in loc:
        # of the judges each has the same keys
        section = (
            get_args(section)[1] if get_origin(section) is dict else section.model_fields[part].annotation
        )
    return list(section.model_fields)
