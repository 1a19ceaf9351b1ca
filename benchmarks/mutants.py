"""Do the tests bite? One-line faults are put into a copy of the project, one at a time, and the tests run.

    python -m benchmarks.mutants draw                        # benchmarks/mutants.json, drawn by seed
    python -m benchmarks.mutants run RESULTS.jsonl [--slow]  # goes on where it was
    python -m benchmarks.mutants again RESULTS.jsonl         # those that survived, once more
    python -m benchmarks.mutants summary RESULTS.jsonl

For each fault the tests beside the file run first, then the rest of the fast suite, then, with --slow, the
slow tests. A fault is killed when a test fails or hangs. One may be marked in the list as `equivalent` with a
reason, where no input tells it from what is right; it is neither run nor counted.
"""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks.faults import Fault, draw

ROOT = Path(__file__).parents[1]
DRAWN = ROOT / "benchmarks/mutants.json"
# how many lines of each file; a new file at the end leaves the draws of the others as they are
SHARES = {
    "pipeline/training/loop.py": 14,
    "pipeline/training/state.py": 7,
    "pipeline/schedule.py": 3,
    "pipeline/training/batches.py": 6,
    "pipeline/game.py": 12,
    "pipeline/turn.py": 3,
    "pipeline/objectives.py": 6,
    "pipeline/penalties.py": 5,
    "pipeline/stabilisers/augmentation.py": 4,
    "pipeline/stabilisers/feature_matching.py": 1,
    "pipeline/stabilisers/historical_averaging.py": 1,
    "pipeline/stabilisers/instance_noise.py": 2,
    "pipeline/stabilisers/minibatch.py": 3,
    "pipeline/stabilisers/unrolling.py": 3,
    "pipeline/stabilisers/virtual_batch_norm.py": 3,
    # of the other systems, those with mathematics of their own
    "pipeline/systems/adversarial.py": 5,
    "pipeline/systems/cdcgan.py": 4,
    "pipeline/systems/vae.py": 4,
    "pipeline/export/to_onnx.py": 4,
    "pipeline/export/seeded.py": 4,
    "pipeline/export/canonical.py": 3,
    "pipeline/kinds/shared/noise.py": 4,
    "pipeline/inference/contract/generator.py": 3,
    "pipeline/inference/contract/network.py": 3,
    "pipeline/inference/output/pictures.py": 4,
    "pipeline/inference/contract/walks.py": 4,
    "pipeline/inference/output/arrays.py": 2,
    "pipeline/streams.py": 3,
    "pipeline/pixels.py": 2,
    "pipeline/data/aside.py": 2,
    "pipeline/scoring/candidates.py": 4,
    "pipeline/scoring/spread.py": 4,
    "pipeline/scoring/neighbours.py": 2,
    "pipeline/scoring/figures/fid.py": 4,
    "pipeline/scoring/figures/kid.py": 3,
    "pipeline/scoring/figures/memorisation.py": 4,
    "pipeline/scoring/figures/patches.py": 3,
    "pipeline/scoring/figures/two_sample.py": 4,
    "pipeline/scoring/figures/precision_recall.py": 1,
    "pipeline/scoring/figures/density_coverage.py": 1,
    "pipeline/scoring/figures/reconstruction.py": 3,
    "pipeline/systems/aae.py": 3,
    "pipeline/systems/avb.py": 4,
    "pipeline/systems/bigan.py": 2,
    "pipeline/systems/cogan.py": 2,
    "pipeline/systems/cyclegan.py": 3,
    "pipeline/systems/deligan.py": 2,
    "pipeline/systems/ebgan.py": 3,
    "pipeline/systems/infogan.py": 3,
    "pipeline/systems/sgan.py": 4,
    "pipeline/networks/pool.py": 2,
    "pipeline/networks/weight_norm.py": 3,
    "pipeline/export/operators.py": 2,
    "pipeline/scoring/evidence.py": 3,
    "pipeline/scoring/parts.py": 3,
    "pipeline/scoring/translations.py": 2,
    "pipeline/scoring/figures/classifier.py": 2,
    "pipeline/scoring/figures/clusters.py": 2,
    "pipeline/scoring/figures/cycle.py": 2,
    "pipeline/scoring/figures/label_kept.py": 1,
    "pipeline/scoring/figures/pairs.py": 2,
}
LIMITS = {"beside": 300, "fast": 900, "slow": 3600}  # seconds; a fault that makes tests hang is killed


def copied(folder: Path) -> Path:
    """The project as git lists it, with what is not committed yet."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    copy = folder / "project"
    for name in names:
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, copy / name)
    return copy


def beside(copy: Path, file: str) -> list[str]:
    """The tests that mirror a file: of its own name, then of its folder."""
    path = Path(file).relative_to("pipeline")
    tests = copy / "tests"
    named = [*tests.rglob(f"test_{path.stem}*.py"), *tests.rglob(f"test_*_{path.stem}.py")]
    if path.parts[0] not in ("export", "inference", "kinds", "scoring", "data"):
        named += sorted((tests / "training").glob("test_step*.py"))  # the whole step, written out
    folder = sorted((tests / path.parent).glob("test_*.py"))
    return list(dict.fromkeys(str(test.relative_to(copy)) for test in [*named, *folder]))


def killed_by(copy: Path, tests: list[str], marked: str, limit: float) -> str | None:
    """The first test that fails in the copy, "" if they hang, None if all pass."""
    command = ["-m", "pytest", "-x", "-p", "no:cacheprovider", "--hypothesis-seed=0", "-m", marked, *tests]
    environment = os.environ | {
        "PYTHONPATH": str(copy),
        "PYTHONDONTWRITEBYTECODE": "1",
        "OMP_NUM_THREADS": "1",
    }
    run = subprocess.Popen(
        [sys.executable, *command],
        cwd=copy,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        output, _ = run.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        os.killpg(run.pid, signal.SIGKILL)  # with all that the tests started
        run.communicate()
        return "(hangs)"
    if run.returncode in (0, 5):  # 5: no test has this mark
        return None
    failed = [line for line in output.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return (failed or output.splitlines()[-1:] or ["?"])[0].split(" - ")[0]


def tried(fault: Fault, copy: Path, slow: bool) -> dict[str, Any]:
    """What became of one fault."""
    target, began = copy / fault.file, time.monotonic()
    right = target.read_text()
    try:
        target.write_text(fault.applied(right))
    except ValueError as gone:
        return fault._asdict() | {"killed": "gone", "by": str(gone)}
    first = beside(copy, fault.file)
    others = [f"--ignore={test}" for test in first]
    rounds = [("beside", first, "not slow"), ("fast", others, "not slow")] + [("slow", [], "slow")] * slow
    killed, by = None, None
    try:
        for killed, tests, marked in rounds:
            by = killed_by(copy, tests, marked, LIMITS[killed])
            if by:
                break
    finally:
        target.write_text(right)
    seconds = round(time.monotonic() - began)
    return fault._asdict() | {"killed": killed if by else None, "by": by, "slow": slow, "seconds": seconds}


def run(results: Path, slow: bool, again: bool) -> None:
    """Try each fault of the list that has no result yet; with `again` those that survived."""
    known = read(results)
    with tempfile.TemporaryDirectory() as folder:
        copy = copied(Path(folder))
        # each time, for the code may have changed since: a test that fails anyway would kill every fault
        if failing := killed_by(copy, [], "not slow", LIMITS["fast"]):
            sys.exit(f"without any fault: {failing}")
        faults = listed()
        random.Random(0).shuffle(faults)  # so that a run that is cut off tried a fair sample
        for fault, why in faults:
            before = known.get(fault)
            done = before is not None and (before["killed"] or not again) and (not slow or before["slow"])
            if why or done:
                continue
            row = tried(fault, copy, slow)
            with results.open("a") as file:
                file.write(json.dumps(row) + "\n")
            print(f"{row['killed'] or 'SURVIVES':9}{fault.file}: {fault.becomes.strip()}", flush=True)
    summary(results)


def listed() -> list[tuple[Fault, str | None]]:
    """The committed faults, and why one is equivalent."""
    rows = json.loads(DRAWN.read_text())
    return [(Fault(**{key: row[key] for key in Fault._fields}), row.get("equivalent")) for row in rows]


def read(results: Path) -> dict[Fault, dict[str, Any]]:
    """The last result of each fault."""
    lines = results.read_text().splitlines() if results.exists() else []
    rows = [json.loads(line) for line in lines]
    return {Fault(**{key: row[key] for key in Fault._fields}): row for row in rows}


def summary(results: Path) -> None:
    """Print how many were killed, and which were not."""
    known = read(results)
    counted = [fault for fault, why in listed() if not why]
    killed = Counter(known[fault]["killed"] for fault in counted if fault in known)
    fast, equivalent = killed["beside"] + killed["fast"], len(listed()) - len(counted)
    print(f"{len(counted)} faults ({equivalent} more are equivalent), {sum(killed.values())} tried")
    print(f"killed by the fast suite: {fast}; by the whole: {fast + killed['slow']}; gone: {killed['gone']}")
    for fault in counted:
        if fault in known and known[fault]["killed"] is None:
            print(f"survives: {fault.file} ({fault.fault})")
            print(f"  - {fault.line.strip()}\n  + {fault.becomes.strip()}")


def write() -> None:
    """Draw the faults afresh; reasons for equivalence stay with the faults that are drawn again."""
    reasons = {fault: why for fault, why in listed() if why} if DRAWN.exists() else {}
    rows = []
    for fault in draw(ROOT, SHARES):
        rows.append(fault._asdict() | ({"equivalent": reasons[fault]} if fault in reasons else {}))
    DRAWN.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["draw"]:
            write()
        case ["run" | "again" as command, path, *slow]:
            run(Path(path), slow == ["--slow"], command == "again")
        case ["summary", path]:
            summary(Path(path))
        case _:
            sys.exit(__doc__)
