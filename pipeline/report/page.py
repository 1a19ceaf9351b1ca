"""One HTML page that holds all it shows: pictures and style inline, no script, nothing to load."""

import base64
import json
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup
from PIL import Image

from pipeline.errors import UserError
from pipeline.report.contents import REMEDY


def page(contents: Mapping[str, Any]) -> str:
    """Fill the template; the same contents give the same text. UserError where a picture can't be read."""
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"number": number, "plain": plain, "count": "{:,}".format, "embed": embed}
    template = resources.files(__package__).joinpath("template.html").read_text(encoding="utf-8")
    return environment.from_string(template).render(contents)


def number(value: float | None) -> str:
    """A figure at four significant digits, as everywhere in the project."""
    return "–" if value is None else f"{value:.4g}"


def plain(value: Any) -> str:
    """A parameter as params.yaml would have it."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def embed(path: Path) -> Markup:
    """A .png or .gif as the attributes of an <img>: the picture as a data: URI, and its size."""
    try:
        with Image.open(path) as image:
            width, height = image.size
        data = base64.b64encode(path.read_bytes()).decode()
    except FileNotFoundError:
        raise UserError(f"{path} is missing: {REMEDY}") from None
    except OSError:
        raise UserError(f"{path} is no picture: {REMEDY}") from None
    source = f"data:image/{path.suffix[1:]};base64,{data}"
    return Markup('src="{}" width="{}" height="{}"').format(source, width, height)
