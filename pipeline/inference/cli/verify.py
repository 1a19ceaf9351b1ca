"""Is a generator's file whole, and does it do here what it did where it was made?"""

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath

import numpy as np
import typer

from pipeline.inference import console, files
from pipeline.inference.contract import session
from pipeline.inference.contract.description import parse_metadata
from pipeline.inference.contract.generator import Generator
from pipeline.inference.contract.opening import opened
from pipeline.inference.contract.tensors import read_tensor
from pipeline.inference.errors import InferenceError, one_line
from pipeline.kinds.shared.noise import latent

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
    """Print every check of the generator in `path`; exit code 1 if one failed, 2 if it can't be opened."""
    with opened(path, "cpu", threads=1) as generator:
        checks = [Check("contract", True, "the graph's inputs and output are those of its metadata")]
        checks += [_look(name, path, generator) for name in CHECKS]
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


def _look(name: str, path: Path, generator: Generator) -> Check:
    try:
        detail = CHECKS[name](path, generator)
    except InferenceError as error:
        return Check(name, False, str(error))
    return Check(name, None if detail is None else True, detail or "none beside the file")


def _runs(path: Path, generator: Generator) -> str:
    """Pictures in the range of the contract, the same alone and beside others."""
    description = generator.description
    z = latent(range(max(COUNTS)), description.z_dim, description.latent)
    labels = np.arange(len(z)) % len(description.classes) if description.conditional else None
    whole = generator.run(z, labels)
    if np.abs(whole).max() > 1 + TOLERANCE:
        raise InferenceError(f"a value is {np.abs(whole).max():.3g}, outside {description.value_range}")
    for count in COUNTS:
        part = generator.run(z[:count], None if labels is None else labels[:count])
        difference = np.abs(part - whole[:count]).max()
        if difference > TOLERANCE:
            raise InferenceError(f"at N = {count} a picture differs by {difference:.2g} from that at N = 7")
    return f"at N = {', '.join(map(str, COUNTS))}: the same pictures, within {description.value_range}"


def _classes(path: Path, generator: Generator) -> str | None:
    """Every class can be drawn, and no two are the same picture."""
    classes = generator.description.classes
    if not classes:
        return None
    images = generator.sample(range(len(classes)), [0] * len(classes))
    different = len(np.unique(images.reshape(len(images), -1), axis=0))
    if different < len(classes):
        raise InferenceError(f"{len(classes)} classes give {different} different pictures from one latent")
    return f"{len(classes)}, each another picture from one latent"


def _description(path: Path, generator: Generator) -> str | None:
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
        same = parse_metadata(texts) == generator.description
    except InferenceError as error:
        raise InferenceError(f"{beside}: {error}") from error
    if not same:
        raise InferenceError(f"{beside}: describes another generator than {path.name} does itself")
    return f"{beside} says the same"


def _checksum(path: Path, generator: Generator) -> str | None:
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


def _test_vectors(path: Path, generator: Generator) -> str | None:
    """The graph turns input_*.pb into output_0.pb, in each test_data_set_* (the ONNX model zoo's layout)."""
    folders = [
        folder
        for parent in (path.parent, path.with_suffix(""))
        for folder in sorted(parent.glob("test_data_set_*"))
    ]
    largest = 0.0
    for folder in folders:
        expected = read_tensor(folder / "output_0.pb")
        labels = read_tensor(folder / "input_1.pb") if generator.description.conditional else None
        image = generator.run(read_tensor(folder / "input_0.pb"), labels)
        if image.shape != expected.shape or image.dtype != expected.dtype:
            raise InferenceError(f"{folder}: output_0.pb is {expected.dtype} {list(expected.shape)}")
        difference = float(np.abs(image - expected).max(initial=0))
        if not difference <= TOLERANCE:
            raise InferenceError(f"{folder}: differs by {difference:.2g}, more than {TOLERANCE}")
        largest = max(largest, difference)
    return f"{len(folders)}, largest difference {largest:.2g}" if folders else None


CHECKS = {
    "runs": _runs,
    "classes": _classes,
    "description": _description,
    "checksum": _checksum,
    "test vectors": _test_vectors,
}
