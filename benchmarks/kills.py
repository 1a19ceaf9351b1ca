"""dvc killed with -9 at random moments of every stage: what outlives it, and which bytes it ends in.

    python -m benchmarks.kills [--kills 20] [--seed 0] [--stages train,export]

Makes a small project on the bundled digits, runs it once undisturbed, and then each stage again and again:
`dvc repro` is killed, what still runs in the project SETTLED seconds later is counted, and the same command
is run to its end. Where the kill met dvc in the middle of writing a file of its own, that is put right first.
Its dvc.lock, which holds the hash of all that a stage made, must be the undisturbed one.
Prints a Markdown table.
"""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from difflib import unified_diff
from pathlib import Path

import psutil
from rich.progress import track
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[1]
STAGES = "software,download,preprocess,judge,train,export,evaluate,represent,package,report"
SETTLED = 5.0  # seconds in which a stage sees that dvc is gone, saves and ends
SHORT = {"epochs": 20, "log_every": 10, "pictures": 5, "checkpoints": 20, "device": "cpu"}


def project(folder: Path) -> None:
    """A copy of the code with the quickstart's parameters, made short."""
    for name in ("pipeline", "stages"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("dvc.yaml", ".dvcignore"):
        shutil.copy(ROOT / name, folder / name)
    yaml = YAML(typ="safe")
    content = yaml.load(ROOT / "presets" / "quickstart.yaml")
    content["train"] |= SHORT
    for judge in content["judges"].values():
        judge |= {"epochs": 3, "min_accuracy": 0.0}
    content["evaluate"]["samples"] = 300
    with (folder / "params.yaml").open("w") as file:
        yaml.dump(content, file)
    subprocess.run(["dvc", "init", "--no-scm", "--quiet"], cwd=folder, check=True)


def started(folder: Path, *arguments: str) -> "subprocess.Popen[str]":
    """`dvc repro` in the project; what it says is kept in said.txt."""
    with (folder / "said.txt").open("w") as said:
        return subprocess.Popen(["dvc", "repro", *arguments], cwd=folder, stdout=said, stderr=said, text=True)


def run(folder: Path, *arguments: str) -> float:
    """The same to its end; the seconds that it took."""
    began = time.perf_counter()
    if started(folder, *arguments).wait():
        said = (folder / "said.txt").read_text()
        sys.exit(f"dvc repro {' '.join(arguments)} failed in {folder}:\n{said[-2000:]}")
    return time.perf_counter() - began


def running(folder: Path) -> list[psutil.Process]:
    """The processes that work in the project's folder."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.status() != psutil.STATUS_ZOMBIE and Path(process.cwd()) == folder:
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


def killed(folder: Path, stage: str, moment: float) -> int:
    """Kill dvc `moment` seconds after it began to run `stage`; how many processes outlive it."""
    dvc = started(folder, "--single-item", "--force", stage)
    try:
        dvc.wait(moment)
    except subprocess.TimeoutExpired:
        dvc.kill()
        dvc.wait()
    deadline = time.monotonic() + SETTLED
    while (orphans := running(folder)) and time.monotonic() < deadline:
        time.sleep(0.05)
    for orphan in orphans:  # so that each kill is counted for itself
        orphan.kill()
    return len(orphans)


def mended(folder: Path, undisturbed: str) -> bool:
    """Whether dvc had left half of dvc.lock or of its rwlock: it does not write them by a rename."""
    lock, own = folder / "dvc.lock", folder / ".dvc" / "tmp" / "rwlock"
    is_torn = False
    if lock.read_text() != undisturbed and undisturbed.startswith(lock.read_text()):
        lock.write_text(undisturbed)  # as `git checkout dvc.lock` does
        is_torn = True
    try:
        json.loads(own.read_text() if own.exists() else "{}")
    except ValueError:
        own.unlink()
        is_torn = True
    return is_torn


def row(folder: Path, stage: str, kills: int, moments: random.Random) -> str:
    """One line of the table."""
    whole = run(folder, "--single-item", "--force", stage)
    undisturbed = (folder / "dvc.lock").read_text()
    orphans = torn = different = 0
    for _ in track(range(kills), description=f"{stage}: kills"):
        orphans += killed(folder, stage, moments.uniform(0, whole))
        torn += mended(folder, undisturbed)
        run(folder, "--single-item", "--force", stage)
        now = (folder / "dvc.lock").read_text()
        different += now != undisturbed
        print(*unified_diff(undisturbed.splitlines(), now.splitlines(), lineterm="", n=2), sep="\n", end="")
    return f"| {stage} | {whole:.1f} | {kills} | {orphans} | {torn} | {different} |"


def main() -> None:
    """Parse the command line, and print the table line by line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--kills", type=int, default=20, help="of each stage")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    parser.add_argument("--stages", default=STAGES, help="which, with commas")
    chosen = parser.parse_args()
    os.environ["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        project(folder)
        run(folder)
        moments = random.Random(chosen.seed)
        columns = ("stage", "s undisturbed", "kills", "orphans", "dvc's files torn", "other bytes")
        print(f"| {' | '.join(columns)} |\n|{' - |' * len(columns)}", flush=True)
        for stage in chosen.stages.split(","):
            print(row(folder, stage, chosen.kills, moments), flush=True)


if __name__ == "__main__":
    main()
