"""Does the code as it is here train and export the same bytes as another revision?

    python -m benchmarks.same_bytes REV [--only "cdcgan|bf16, R1"]

Trains each of CONFIGURATIONS, small and on the bundled digits, with the code of REV and with the code here,
and compares the weights of every network, history.csv, and the exported graphs without their metadata. Each
revision reads the parameters in its own form: they are those of its own preset, changed. Prints a Markdown
table, and ends with exit code 1 where anything differs.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import onnx
from rich.progress import track
from ruamel.yaml import YAML
from safetensors.numpy import load_file

from benchmarks.runs import ROOT, Changes, merge, worktree

SMALL: Changes = {
    "data": {
        "dataset": "digits",
        "path": None,
        "channels": 1,
        "test_fraction": 0.2,
        "set_aside": 0,
        "pictures": None,
    },
    "train": {"epochs": 2, "batch": 120, "log_every": 2, "pictures": 2, "checkpoints": 2, "device": "cpu"},
    "tracking": {"enabled": False},
}
WIDTHS = {"width": 8, "generator_width": 8, "discriminator_width": 8}
ALL_STABILISERS = {
    "spectral_norm": True,
    "instance_noise": 0.2,
    "augmentation": ["colour", "translation", "cutout"],
    "minibatch": "discrimination",
    "feature_matching": 1.0,
    "historical_averaging": 0.01,
}
# of which preset each is made, and what is changed in it
CONFIGURATIONS: dict[str, tuple[str, Changes]] = {
    "gan": ("gan-mnist", {}),
    "cdcgan": ("cdcgan", {}),
    "wasserstein, clipped": ("wgan-mnist", {"train": {"d_steps": 5}}),
    "wasserstein, penalised": ("wgan-gp-mnist", {}),
    "relativistic, R1 and R2": ("relativistic-mnist", {}),
    "unrolled": ("unrolled-mnist", {"stabilisers": {"unrolled_steps": 3}}),
    "classic": ("cdcgan-classic", {}),
    "virtual batch norm": ("cdcgan", {"stabilisers": {"virtual_batch_norm": True}}),
    "all other stabilisers": ("cdcgan", {"stabilisers": ALL_STABILISERS}),
    "bf16, R1": ("cdcgan", {"train": {"precision": "bf16"}}),
    "two ranks": ("cdcgan", {"train": {"processes": 2}}),
}
STAGES = ("software", "download", "preprocess", "train", "export")
IN_ONE_PROCESS = f"""
import runpy
for stage in {STAGES}:
    runpy.run_module("stages." + stage, run_name="__main__")
"""


def parameters(revision: Path, preset: str, changes: Changes) -> dict[str, Any]:
    """One configuration in the form of a revision."""
    content = YAML(typ="safe").load(revision / "presets" / f"{preset}.yaml")
    for change in (SMALL, changes):
        merge(content, change)
    content["model"] |= {name: width for name, width in WIDTHS.items() if name in content["model"]}
    return content


def made(revision: Path, folder: Path, content: dict[str, Any]) -> dict[str, str]:
    """Train and export with the code of `revision`; a hash of each thing made."""
    folder.mkdir(parents=True)
    (folder / "params.yaml").write_text(json.dumps(content))
    done = subprocess.run(
        [sys.executable, "-c", IN_ONE_PROCESS],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(revision), "OMP_NUM_THREADS": "1", "GAN_TRACEBACK": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{revision}, {content['name']}: {done.stderr}")
    found = {}
    for path in folder.glob("models/*/**/*.safetensors"):  # a player of several networks has a file each
        found |= {f"{path.stem}: {name}": value.tobytes() for name, value in load_file(path).items()}
    for path in folder.glob("models/*/history.csv"):
        found |= {"history.csv": path.read_bytes()}
    for path in folder.glob("exported/*.onnx"):
        model = onnx.load(path)
        del model.metadata_props[:]
        found |= {path.name: model.SerializeToString(deterministic=True)}
    return {name: hashlib.sha256(content).hexdigest() for name, content in found.items()}


def row(name: str, revisions: tuple[Path, Path], folder: Path) -> tuple[str, bool]:
    """One line of the table, and whether all is the same."""
    preset, changes = CONFIGURATIONS[name]
    with ThreadPoolExecutor() as side_by_side:
        before, now = side_by_side.map(
            lambda number: made(
                revisions[number],
                folder / name.replace(" ", "-") / str(number),
                parameters(revisions[number], preset, changes),
            ),
            range(2),
        )
    differ = sorted(key for key in before.keys() | now.keys() if before.get(key) != now.get(key))
    if not differ:
        return f"| {name} | {len(now)} | the same |", True
    others = f" and {len(differ) - 1} more" if len(differ) > 1 else ""
    return f"| {name} | {len(now)} | **{differ[0]}{others}** |", False


def main() -> None:
    """Parse the command line, and print the table line by line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("revision", metavar="REV", help="a commit of this repository")
    parser.add_argument("--only", default="|".join(CONFIGURATIONS), help="some of them, with | between")
    chosen = parser.parse_args()
    all_same = True
    with tempfile.TemporaryDirectory() as name, worktree(chosen.revision) as tree:
        print("| configuration | compared | result |\n| - | - | - |", flush=True)
        for each in track(chosen.only.split("|"), description="configurations"):
            line, same = row(each, (tree, ROOT), Path(name))
            print(line, flush=True)
            all_same &= same
    sys.exit(not all_same)


if __name__ == "__main__":
    main()
