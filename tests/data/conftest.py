"""Small originals of every kind, a web server on this machine, and a way to the real MNIST."""

import errno
import io
import os
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path

import pytest
from PIL import Image

from pipeline.data.prepare import prepare
from pipeline.data.prepared import Prepared
from pipeline.datasets import download, params_class
from pipeline.params import DataParams

_MIRROR = os.environ.get("GAN_DATA_MIRROR")
_SHARED = Path(__file__).parents[3] / "shared" / "data"


@pytest.fixture(autouse=True)
def _no_mirror(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GAN_DATA_MIRROR", raising=False)


@pytest.fixture
def real_mnist() -> str:
    """A mirror that has the real MNIST."""
    for place in filter(None, [_MIRROR, str(_SHARED / "mnist")]):
        found = [Path(place, "t10k-labels-idx1-ubyte.gz"), Path(place, "mnist", "t10k-labels-idx1-ubyte.gz")]
        if "://" in place or any(path.exists() for path in found):
            return place
    pytest.skip("no real MNIST: neither GAN_DATA_MIRROR nor ../shared/data/mnist has it")


@pytest.fixture
def data() -> Callable[..., DataParams]:
    """Make DataParams; what is not named takes the plainest value."""

    def make(dataset: str, **named: object) -> DataParams:
        plain = {"path": None, "size": 8, "channels": None, "test_fraction": None}
        plain |= {"set_aside": 0, "pictures": None}
        return params_class(dataset)(dataset=dataset, **(plain | named))

    return make


@pytest.fixture
def both_stages(tmp_path: Path, data: Callable[..., DataParams]) -> Callable[..., Prepared]:
    """Take a data set through download and preprocess."""

    def go(dataset: str, **named: object) -> Prepared:
        params = data(dataset, **named)
        download(params, tmp_path / "out" / "raw")
        return prepare(params, tmp_path / "out" / "raw", tmp_path / "out" / "prepared")

    return go


@pytest.fixture
def picture() -> Callable[..., Path]:
    """Write an image file of one colour, with its folders; the last pixel is another in each: no copies."""
    serial = count()

    def write(path: Path, colour: int | tuple[int, ...] = 100, mode: str = "L") -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        image = Image.new(mode, (8, 8), colour)
        image.putpixel((7, 7), (next(serial),) * len(mode))
        image.save(path)
        return path

    return write


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on every write through Path.open meets a full disk."""

    class Full(io.FileIO):
        def write(self, _: bytes) -> int:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    really_open = Path.open

    def opened(self: Path, mode: str = "r", *rest: object, **named: object) -> object:
        return Full(self, "w") if "w" in mode else really_open(self, mode, *rest, **named)

    monkeypatch.setattr(Path, "open", opened)


@pytest.fixture
def web() -> Iterator[tuple[str, dict[str, bytes], list[str]]]:
    """A web server: (its URL, path -> content to serve, the paths asked for). Content `CUT` is cut short."""
    pages: dict[str, bytes] = {}
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            content = pages.get(self.path)
            self.send_response(404 if content is None else 200)
            self.send_header("Content-Length", str(len(content or b"") + (1000 if content == b"CUT" else 0)))
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", pages, asked
    server.shutdown()
    server.server_close()
