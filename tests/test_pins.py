"""What installs the project is pinned, too, and the ways to install it name the pins."""

import re
import tomllib

from tests.conftest import ROOT

PINS = dict(line.split("==") for line in (ROOT / "constraints.txt").read_text().splitlines())


def test_the_build_backend_is_the_pinned_one() -> None:
    (required,) = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]
    assert required == f"setuptools=={PINS['setuptools']}"


def test_pip_is_pinned_and_put_in_before_it_installs() -> None:
    assert re.fullmatch(r"[0-9.]+", PINS["pip"])
    installs = re.findall(r"pip install(?:[^\n]|\n\t\t)*", (ROOT / "Makefile").read_text())
    assert all("--constraint constraints.txt" in line for line in installs)
    assert installs[0].endswith("pip setuptools")


def test_every_install_of_the_project_in_the_readme_names_the_constraints() -> None:
    lines = re.findall(r"pip install .*?'\.\[", (ROOT / "README.md").read_text())
    assert lines
    assert all("-c constraints.txt" in line for line in lines)
