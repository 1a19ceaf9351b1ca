"""A data set that is larger than the memory trains."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pipeline.fields import image, label, to_json
from pipeline.files import sha256_of
from pipeline.places import prepared_dir
from tests.conftest import ROOT, tiny, write_params

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="the limit and the peak are Linux's"),
]
IMAGES, SIDE = 120_000, 64  # 1.5 GB in colour
LIMIT = 1_000_000_000  # bytes that the process may have for itself
# prints whether the limit bites, and the peak of the process's own memory in kB; pages of the file that the
# kernel keeps as long as it has room for them are not the process's own
TRAINS = f"""
import resource
resource.setrlimit(resource.RLIMIT_DATA, ({LIMIT}, {LIMIT}))
from pathlib import Path
import numpy as np
import torch
from pipeline.data.prepared import Prepared
from pipeline.loading import load
from pipeline.places import prepared_dir
from pipeline.training.distributed import Ranks
from pipeline.training.run import Run
params = load()
data = Prepared.open(prepared_dir(params.data))
data.verify()
try:
    np.array(data.images("train"))
except MemoryError:
    print("too large for the memory")
run = Run(params, data, Path("run"), Ranks(torch.device("cpu")))
peak = 0
for _ in range(8):
    run.loop.step()
    status = Path("/proc/self/status").read_text()
    peak = max(peak, int(status.partition("RssAnon:")[2].split()[0]))
print(peak)
"""


def prepare(folder: Path) -> None:
    """Black images that take no room on the disk, in the form that the preprocess stage gives them."""
    folder.mkdir(parents=True)
    counts = {}
    for split, count in (("train", IMAGES), ("test", 100)):
        shape = (count, 3, SIDE, SIDE)
        with (folder / f"{split}_images.npy").open("wb") as file:
            np.lib.format.write_array_header_1_0(
                file, {"descr": "|u1", "fortran_order": False, "shape": shape}
            )
            file.truncate(file.tell() + int(np.prod(shape)))
        np.save(folder / f"{split}_labels.npy", np.zeros(count, np.int64))
        counts[split] = {"total": count, "per_class": {}}
    sha256 = {path.name: sha256_of(path) for path in sorted(folder.iterdir())}
    fields = {"images": image(3, SIDE), "labels": label([])}
    table = {"fields": list(fields), "counts": counts, "aside": []}
    about = {"dataset": "celeba", "fields": {name: to_json(field) for name, field in fields.items()}}
    about |= {"tables": [table]}
    digest = hashlib.sha256(json.dumps(sha256).encode()).hexdigest()
    (folder / "dataset.json").write_text(json.dumps(about | {"sha256": sha256, "digest": digest}))


def test_a_data_set_larger_than_the_memory_trains(tmp_path: Path) -> None:
    content = tiny("dcgan-celeba")
    own = {"dataset": "celeba", "size": SIDE, "channels": None, "test_fraction": None}
    content["data"] |= own
    params = write_params(content, tmp_path)
    prepare(tmp_path / prepared_dir(params.data))
    done = subprocess.run(
        [sys.executable, "-c", TRAINS],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "2"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told, peak = done.stdout.splitlines()
    assert told == "too large for the memory"
    print(f"peak {int(peak) * 1024:,} bytes")
    assert int(peak) * 1024 < LIMIT < IMAGES * 3 * SIDE * SIDE
