"""Open an ONNX file as an ONNX Runtime session: reading that file only, quietly, on the device asked for."""

import contextlib
import ctypes
import io
import os
import re
import sys
from pathlib import Path

from pipeline.inference.errors import InferenceError

# Read while the library loads. It saves 30 ms, and nothing is written to ~/.cache.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
try:
    import onnxruntime
except ImportError as error:
    raise InferenceError(
        f"ONNX Runtime can't be loaded ({error}): install 'gan-pipeline[cpu]' or 'gan-pipeline[gpu]'"
    ) from error

DEVICES = ("auto", "cpu", "cuda")
MAX_BYTES = 2**31 - 1  # what protobuf, and so a self-contained ONNX file, can hold
FATAL = 4  # ONNX Runtime's least talkative log level; what goes wrong also comes as an exception

# A tensor kept in another file has an entry with the key "location" (onnx.proto, external_data).
# In protobuf's encoding that is the tag of field 1, the length 8, the word; both numbers may be padded.
EXTERNAL_DATA = re.compile(rb"(?:\x0a|\x8a\x80*\x00)(?:\x08|\x88\x80*\x00)location")


def open_session(path: Path, device: str) -> onnxruntime.InferenceSession:
    """Open `path` on "cpu", on "cuda", or ("auto") on CUDA where it can be had and else on the CPU.

    On the CPU the session computes in the thread that calls it. InferenceError for a file that can't be
    opened, an unknown device, or an explicit "cuda" that can't be had.
    """
    if device not in DEVICES:
        raise InferenceError(f"device {device!r}: say {', '.join(DEVICES[:-1])} or {DEVICES[-1]}")
    model = read_model(path)
    onnxruntime.set_default_logger_severity(FATAL)
    if device != "cpu":
        try:
            return _cuda_session(path, model)
        except InferenceError:
            if device == "cuda":
                raise
    return _session(path, model, ["CPUExecutionProvider"])


def read_model(path: Path) -> bytes:
    """Return the bytes of a self-contained model; one that refers to other files is refused unparsed."""
    try:
        if path.is_dir():
            raise InferenceError(f"{path}: a folder, not an ONNX file")
        if not path.exists():
            raise InferenceError(f"{path}: no such file")
        if not path.is_file():
            raise InferenceError(f"{path}: not a regular file")
        size = path.stat().st_size
        if not 0 < size <= MAX_BYTES:
            raise InferenceError(f"{path}: not an ONNX file ({size} bytes)")
        model = path.read_bytes()
    except OSError as error:
        raise InferenceError(f"{path}: can't be read: {error.strerror}") from error
    if EXTERNAL_DATA.search(model):
        raise InferenceError(f"{path}: keeps weights in another file; give one that holds them all")
    return model


def _session(path: Path, model: bytes, providers: list) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = FATAL
    # Its own threads gain nothing on a transposed convolution (measured): `Generator` has threads of its own.
    options.intra_op_num_threads = 1
    options.use_deterministic_compute = True
    options.add_session_config_entry("session.load_model_format", "ONNX")  # never guess another format
    try:
        # The library's own fallback would print to stdout, where the picture may be going.
        return onnxruntime.InferenceSession(model, options, providers=providers, enable_fallback=0)
    except Exception as error:  # ONNX Runtime's errors share no base class
        # Writers put `ir_version`, whose tag is 8, first.
        what = "a damaged or unsupported ONNX file" if model.startswith(b"\x08") else "not an ONNX file"
        raise InferenceError(f"{path}: {what} ({str(error)[:200]})") from error


def _cuda_session(path: Path, model: bytes) -> onnxruntime.InferenceSession:
    """Open the model on the first CUDA device, or raise InferenceError with the reason."""
    if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        raise InferenceError("device cuda: this ONNX Runtime has no CUDA; install 'gan-pipeline[gpu]'")
    if cuda_devices() == 0:  # asked first: the GPU build lists its provider on machines without a GPU, too
        raise InferenceError("device cuda: the NVIDIA driver counts no device here; say cpu or auto")
    with contextlib.redirect_stdout(io.StringIO()):  # it prints what it misses
        onnxruntime.preload_dlls()
    # Searching for the fastest convolution may choose another one, with other rounding, at each start.
    cuda = ("CUDAExecutionProvider", {"cudnn_conv_algo_search": "DEFAULT", "use_tf32": "0"})
    session = _session(path, model, [cuda, "CPUExecutionProvider"])
    if "CUDAExecutionProvider" not in session.get_providers():  # it falls back without a word
        raise InferenceError("device cuda: ONNX Runtime can't start it; has it CUDA and cuDNN?")
    return session


def cores() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def cuda_devices() -> int:
    """Return how many devices the NVIDIA driver counts: 0 where there is no driver."""
    try:
        driver = ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return 0
    count = ctypes.c_int(0)
    if driver.cuInit(0) != 0 or driver.cuDeviceGetCount(ctypes.byref(count)) != 0:
        return 0
    return count.value


def both_runtimes_installed() -> bool:
    """Whether onnxruntime and onnxruntime-gpu lie in one place, where the later has overwritten the other.

    Looks at the folder: importlib.metadata would say the same and add a tenth to the time of one picture.
    """
    site = Path(onnxruntime.__file__).parents[1]
    return all(any(site.glob(f"{name}-*.dist-info")) for name in ("onnxruntime", "onnxruntime_gpu"))
