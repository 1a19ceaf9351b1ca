"""Is an exported file whole, and does it do here what it did where it was made?"""

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath

import numpy as np
import typer

from pipeline import kinds
from pipeline.inference import console, files
from pipeline.inference.contract import session
from pipeline.inference.contract.inputs import Given, examples
from pipeline.inference.contract.metadata import parse_metadata
from pipeline.inference.contract.network import Network
from pipeline.inference.contract.opening import opened
from pipeline.inference.contract.tensors import read_tensor
from pipeline.inference.errors import InferenceError, one_line

COUNTS = (1, 2, 7)
TOLERANCE = 1e-4  # between two runs of the graph: CPUs and runtimes round differently, by 6e-6 where measured
MAX_TEXT = 2**20  # bytes of a .json or of SHA256SUMS
SUM = re.compile(r"([0-9a-fA-F]{64}) [ *](.+)")


@dataclass(frozen=True)
class Check:
    """One thing that was looked at; `passed` is None where there was nothing to compare with."""

    check: str
    passed: bool | None
    detail: str


def verify(path: Path, as_json: bool) -> None:
    """Print every check of the file in `path`; exit code 1 if one failed, 2 if it can't be opened."""
    with opened(path, "cpu", threads=1) as network:
        checks = [Check("contract", True, "the graph's inputs and outputs are those of its metadata")]
        checks += [_look(name, path, network) for name in CHECKS]
    passed = all(check.passed is not False for check in checks)
    if as_json:
        found = [asdict(check) for check in checks]
        console.write_json({"file": str(path), "passed": passed, "checks": found})
    else:
        words = {True: "passed", False: "FAILED", None: "-"}
        lines = [f"{words[check.passed]:<7} {check.check:<13} {one_line(check.detail)}\n" for check in checks]
        console.write("".join(lines).encode())
    if not passed:
        raise typer.Exit(1)


def _look(name: str, path: Path, network: Network) -> Check:
    try:
        detail = CHECKS[name](path, network)
    except InferenceError as error:
        return Check(name, False, str(error))
    return Check(name, None if detail is None else True, detail or "none beside the file")


def _runs(path: Path, network: Network) -> str:
    """What the contract says, the same alone and beside others."""
    about = network.description
    inputs = examples(about, range(max(COUNTS)))
    whole = network.compute(inputs)
    for name, field in about.outputs.items():
        if kinds.visible(field.kind):
            low, high = field.about["range"]
            far = whole[name].flat[np.abs(whole[name] - (low + high) / 2).argmax()]
            if not low - TOLERANCE <= far <= high + TOLERANCE:
                raise InferenceError(f"a value is {abs(far):.3g}, outside [{low:g}, {high:g}]")
    what = "picture" if about.picture else "number"
    for count in COUNTS:
        part = network.compute({name: rows[:count] for name, rows in inputs.items()})
        difference = max(np.abs(part[name] - whole[name][:count]).max() for name in whole)
        if difference > TOLERANCE:
            raise InferenceError(f"at N = {count} a {what} differs by {difference:.2g} from that at N = 7")
    bounds = f", within {about.value_range}" if about.picture else ""
    return f"at N = {', '.join(map(str, COUNTS))}: the same {what}s{bounds}"


def _classes(path: Path, network: Network) -> str | None:
    """Every class can be drawn, and no two are the same picture."""
    about = network.description
    classes = about.classes
    if not classes or about.noise is None or about.picture is None:
        return None
    rows = {name: values[:1] for name, values in examples(about, [0]).items()}
    given = Given(rows | {about.label_input: np.arange(len(classes))})
    images = np.concatenate(list(network.pictures([0] * len(classes), given)))
    different = len(np.unique(images.reshape(len(images), -1), axis=0))
    if different < len(classes):
        raise InferenceError(f"{len(classes)} classes give {different} different pictures from one latent")
    return f"{len(classes)}, each another picture from one latent"


def _description(path: Path, network: Network) -> str | None:
    """The .json beside the file says what the file itself says."""
    beside = path.with_suffix(".json")
    if not beside.exists():
        return None
    try:
        said = json.loads(files.read_at_most(beside, MAX_TEXT))
    except (ValueError, RecursionError) as error:
        raise InferenceError(f"{beside}: not JSON") from error
    texts = (
        {key: value for key, value in said.items() if isinstance(value, str)}
        if isinstance(said, dict)
        else {}
    )
    try:
        same = parse_metadata(texts) == network.description
    except InferenceError as error:
        raise InferenceError(f"{beside}: {error}") from error
    if not same:
        raise InferenceError(f"{beside}: describes another generator than {path.name} does itself")
    return f"{beside} says the same"


def _checksum(path: Path, network: Network) -> str | None:
    """The file is the one that SHA256SUMS lists, beside it or in the folder named after it."""
    actual = hashlib.sha256(session.read_model(path)).hexdigest()
    for sums in (path.parent / "SHA256SUMS", path.with_suffix("") / "SHA256SUMS"):
        if not sums.exists():
            continue
        text = files.read_at_most(sums, MAX_TEXT).decode(errors="replace")
        listed = [match for line in text.splitlines() if (match := SUM.fullmatch(line))]
        for match in listed:
            if PurePosixPath(match[2]).name != path.name:
                continue
            if match[1].lower() != actual:
                raise InferenceError(f"{sums}: says {match[1]}; the file's sha256 is {actual}")
            return f"that of {sums}"
    return None


def _test_vectors(path: Path, network: Network) -> str | None:
    """The graph turns input_*.pb into output_*.pb, in each test_data_set_* (the ONNX model zoo's layout)."""
    folders = [
        folder
        for parent in (path.parent, path.with_suffix(""))
        for folder in sorted(parent.glob("test_data_set_*"))
    ]
    largest = 0.0
    for folder in folders:
        inputs = {
            name: read_tensor(folder / f"input_{index}.pb")
            for index, name in enumerate(network.description.inputs)
        }
        for index, found in enumerate(network.compute(inputs).values()):
            largest = max(largest, _difference(found, folder / f"output_{index}.pb"))
    return f"{len(folders)}, largest difference {largest:.2g}" if folders else None


def _difference(found: np.ndarray, file: Path) -> float:
    """Return the largest difference to the tensor in a file; InferenceError for more than TOLERANCE."""
    expected = read_tensor(file)
    if found.shape != expected.shape or found.dtype != expected.dtype:
        raise InferenceError(f"{file.parent}: {file.name} is {expected.dtype} {list(expected.shape)}")
    difference = float(np.abs(found - expected).max(initial=0))
    if not difference <= TOLERANCE:
        raise InferenceError(f"{file.parent}: differs by {difference:.2g}, more than {TOLERANCE}")
    return difference


CHECKS = {
    "runs": _runs,
    "classes": _classes,
    "description": _description,
    "checksum": _checksum,
    "test vectors": _test_vectors,
}
