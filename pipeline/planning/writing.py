"""A preset's text with some values changed: its comments stay."""

import io
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedSeq

PICTURES = "folder"  # the preset whose section `data` is that of one's own pictures


def text_of(preset: str, changes: dict[str, Any], head: list[str]) -> str:
    """A params.yaml: presets/<preset>.yaml with `changes` by path, the section `data` of one's own pictures.

    `head` are the lines of the comment at its top, in place of the preset's.
    """
    yaml = YAML()
    yaml.width = 4096
    yaml.representer.add_representer(
        type(None), lambda writer, _: writer.represent_scalar("tag:yaml.org,2002:null", "null")
    )
    document = yaml.load(_path(preset))
    document["data"] = yaml.load(_path(PICTURES))["data"]
    for path, value in changes.items():
        *sections, key = path.split(".")
        place = document
        for section in sections:
            place = place[section]
        if isinstance(value, list):
            value = CommentedSeq(value)
            value.fa.set_flow_style()
        place[key] = value
    buffer = io.StringIO()
    yaml.dump(document, buffer)
    lines = buffer.getvalue().splitlines()
    while lines[0].startswith("#"):
        del lines[0]
    return "\n".join([*(f"# {line}" for line in head), *lines, ""])


def is_a_preset(content: bytes) -> bool:
    """Whether a file is one of presets/ as it is: who replaces it loses nothing."""
    return any(path.read_bytes() == content for path in Path("presets").rglob("*.yaml"))


def _path(preset: str) -> Path:
    return Path("presets", f"{preset}.yaml")
