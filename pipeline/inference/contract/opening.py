"""Open a file for the command line: a hostile file can't fill the memory, or loop for ever."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from pipeline.inference.console import say
from pipeline.inference.contract import session
from pipeline.inference.contract.inputs import noise_width
from pipeline.inference.contract.network import Network
from pipeline.inference.errors import InferenceError

try:
    import resource
except ImportError:  # Windows has no such limits
    resource = None

Opened = TypeVar("Opened", bound=Network)
MEMORY = 4 * 2**30  # bytes, beside MEMORY_A_FILE for each byte of the file: it is held, parsed and packed
MEMORY_A_FILE = 4
MAX_NOISE = 2**16  # numbers drawn a row: a generator has a few hundred; a billion take a while

# A node's operator is field 4 of NodeProto (onnx.proto): the tag, the length 4, the word; both may be padded.
LOOP = re.compile(rb"(?:\x22|\xa2\x80*\x00)(?:\x04|\x84\x80*\x00)(?:Loop|Scan)")


@contextmanager
def opened(
    path: Path, device: str = "auto", threads: int | None = None, what: type[Opened] = Network
) -> Iterator[Opened]:
    """Open `path` as a Network or a Generator.

    Until the block ends, this process can't hold more than its share of memory.

    InferenceError for a file that can't be opened, keeps no contract or repeats a part of itself: a
    generator of this pipeline has no loop, and the runtime can't be interrupted in one.
    """
    if session.both_runtimes_installed():
        say("gan-infer: warning: onnxruntime and onnxruntime-gpu overwrite each other; uninstall one")
    model = _content(path)
    if (b"Loop" in model or b"Scan" in model) and LOOP.search(model):
        raise InferenceError(f"{path}: holds a loop, which no generator of this pipeline does")
    with _bounded_memory(len(model), device):
        network = what(path, device, threads)
        width = noise_width(network.description)
        if width > MAX_NOISE:
            raise InferenceError(f"{path}: draws {width} numbers a row, more than {MAX_NOISE}")
        yield network


def _content(path: Path) -> bytes:
    """Return the file's bytes; none of what can't be read or be a model, of which Network says why."""
    try:
        readable = path.is_file() and path.stat().st_size <= session.MAX_BYTES
        return path.read_bytes() if readable else b""
    except OSError:
        return b""


@contextmanager
def _bounded_memory(size: int, device: str) -> Iterator[None]:
    """Limit this process's data for a model of `size` bytes; not with CUDA, which reserves far more."""
    on_cuda = device != "cpu" and "CUDAExecutionProvider" in session.onnxruntime.get_available_providers()
    if resource is None or on_cuda:
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    limits = [limit for limit in (soft, hard) if limit != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_DATA, (min([MEMORY + MEMORY_A_FILE * size, *limits]), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))
