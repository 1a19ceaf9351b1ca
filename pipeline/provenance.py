"""Which code made a generator: a hash that is the same in every checkout, with git or without.

A git revision would not do: a file can't hold the hash of the commit that it is part of, so a rebuild from
that commit would differ. The revision is on the MLflow run.
"""

import hashlib
from pathlib import Path

from pipeline.files import sha256_of

_ROOT = Path(__file__).parent
# what the weights depend on beside parameters and data
_SHAPING = (
    "streams.py",
    "pixels.py",
    "objectives.py",
    "penalties.py",
    "models/base.py",
    "training/batches.py",
    "training/distributed.py",
    "training/loop.py",
    "training/monitor.py",
    "training/schedule.py",
    "training/state.py",
)


def code_hash(kind: str) -> str:
    """SHA-256 over the source of one system and of the loop that trains it, as hex."""
    sources = [_ROOT / name for name in (*_SHAPING, f"models/{kind}.py")]
    sources += sorted((_ROOT / "stabilisers").glob("*.py"))
    return hashlib.sha256(" ".join(sha256_of(source) for source in sources).encode()).hexdigest()
