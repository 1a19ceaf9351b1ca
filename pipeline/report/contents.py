"""What the report says: what the other stages left of one run, read, compared and arranged."""

import csv
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pipeline.data.prepared import Prepared
from pipeline.errors import UserError
from pipeline.fields import Fields
from pipeline.files import sha256_of
from pipeline.inference.contract.metadata import parse_metadata
from pipeline.params import Params
from pipeline.places import exported_file, judge_dir, metrics_dir, models_dir, prepared_dir
from pipeline.scoring.figures import described
from pipeline.scoring.judges.judge import DESCRIPTION as JUDGE
from pipeline.scoring.verdict import verdict, warnings

HEADLINES = ("two_sample_half", "one_piece", "confident", "judge_fid", "recall", "label_accuracy")
REMEDY = "run `dvc repro`"
# what is good of a figure, in full
GOOD = {
    "low": "lower is better",
    "high": "higher is better",
    "as real": "best close to the real images' figure",
    "0": "best at 0",
    "0.5": "best at 0.5",
}


def gather(params: Params) -> dict[str, Any]:
    """All that the template shows, by the names it has there; pictures as paths.

    UserError where something is missing, or where the parts are not of one run: a report must not mix them.
    """
    model, metrics = models_dir(params), metrics_dir(params)
    details = metrics / "details"
    generator = _read_json(exported_file(params).with_suffix(".json"))
    scores = _read_json(details / "scores.json")
    dataset = Prepared.described(prepared_dir(params.data))
    field = scores["protocol"]["data"]["field"]
    judges = {name: _read_json(judge_dir(params.data, name, field) / JUDGE) for name in params.judges}
    _refuse_a_mixture(params, generator, scores, dataset, judges)
    description = parse_metadata({key: text for key, text in generator.items() if isinstance(text, str)})
    figures = dict(_figures(scores))
    return {
        "name": params.name,
        "generator": generator,
        "conditional": description.conditional,
        "takes": _fields(description.inputs),
        "gives": _fields(description.outputs),
        "dataset": dataset,
        "images_seen": _images_seen(model / "history.csv"),
        "parameters": _parameters(params),
        "judges": judges,
        "protocol": scores["protocol"],
        "verdict": verdict(scores),
        "warnings": warnings(scores),
        "figures": list(figures.values()),
        "headlines": [figures[key] for key in HEADLINES if key in figures],
        "per_class": _per_class(scores),
        "confusion": _confusion(details / "confusion.csv"),
        "representation": _read_json(metrics / "representation.json"),
        "pictures": _pictures(model, metrics),
    }


def _fields(fields: Fields) -> str:
    """Name, kind and shape of each, such as "z: latent [100], label: label"."""
    shapes = {name: f" {list(each.shape)}" if each.shape else "" for name, each in fields.items()}
    return ", ".join(f"{name}: {each.kind}{shapes[name]}" for name, each in fields.items())


def _read_json(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path} is missing: {REMEDY}") from None
    except ValueError:
        raise UserError(f"{path} is no JSON: {REMEDY}") from None


def _refuse_a_mixture(
    params: Params,
    generator: Mapping[str, Any],
    scores: Mapping[str, Any],
    dataset: Prepared,
    judges: Mapping[str, Mapping[str, Any]],
) -> None:
    file, protocol = exported_file(params), scores["protocol"]
    belongs = {
        f"{file} was trained with other parameters": generator["params_hash"] == params.fingerprint(),
        f"{file} was trained on other data": generator["data_hash"] == dataset.digest,
        f"the scores are of another file than {file}": protocol["generator"]["sha256"] == sha256_of(file),
        "the scores are another judge's": all(
            protocol["judges"].get(name, {}).get("sha256") == judge["sha256"]
            for name, judge in judges.items()
        ),
    }
    for problem, fine in belongs.items():
        if not fine:
            raise UserError(f"{problem}: {REMEDY}")


def _images_seen(history: Path) -> int:
    """The images of the last row of a history.csv."""
    try:
        with history.open(newline="") as file:
            *_, last = csv.DictReader(file)
    except FileNotFoundError:
        raise UserError(f"{history} is missing: {REMEDY}") from None
    return int(last["images"])


def _parameters(params: Params) -> dict[str, Any]:
    """What shaped the weights. Of a folder of images only the name: the rest of its path is private."""
    shaping = params.shaping()
    if params.data.path:
        shaping["data"]["path"] = Path(params.data.path).name
    return shaping


def _figures(scores: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every figure as a row of the table: those known in their order, then what else was scored."""
    known = described(scores)
    for key, about in known.items():
        words = {"title": about.title, "good": GOOD[about.good], "explanation": about.explanation}
        yield key, words | scores[key]
    for key in scores:
        if key not in known and key != "protocol":
            yield key, {"title": key.replace("_", " "), "good": "", "explanation": ""} | scores[key]


def _per_class(scores: Mapping[str, Any]) -> dict[str, Mapping[str, float | None]]:
    """The figures that are known of each class, by what they are called."""
    names = {key: about.title for key, about in described(scores).items()} | {
        "class_imbalance": "share of the samples"
    }
    found = {
        title: scores[key]["per_class"] for key, title in names.items() if "per_class" in scores.get(key, {})
    }
    judged = scores.get("label_accuracy", {}).get("real_per_class")
    return found | ({"real images that the judge tells right": judged} if judged else {})


def _confusion(path: Path) -> dict[str, Any] | None:
    """The classes seen, and for each class asked for its counts with their shares; None without labels."""
    if not path.exists():
        return None
    with path.open(newline="", encoding="utf-8") as file:
        (_, *seen), *rows = csv.reader(file)
    asked = {}
    for name, *cells in rows:
        counts = [int(cell) for cell in cells]
        asked[name] = [(count, count / max(1, sum(counts))) for count in counts]
    return {"seen": seen, "asked": asked}


_OPTIONAL = ("reconstructions", "codes", "per_class", "representation")  # drawn where there is such a thing


def _pictures(model: Path, metrics: Path) -> dict[str, Path | None]:
    """By the names the template has for them; None where there is none: no labels, no encoder."""
    details = metrics / "details"
    found = {
        "reconstructions": details / "reconstructions.png",
        "samples": details / "samples.png",
        "real_beside_fake": details / "real-beside-fake.png",
        "codes": details / "codes.png",
        "per_class": details / "per-class.png",
        "neighbours": details / "neighbours.png",
        "representation": metrics / "representation" / "curve.png",
        "curves": model / "curves.png",
        "progress": model / "progress.gif",
    }
    absent = {name: None for name in _OPTIONAL if not found[name].exists()}
    return found | absent
