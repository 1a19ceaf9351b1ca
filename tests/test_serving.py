"""The registered generator, loaded by its alias: in both flavours of MLflow, and from its HTTP server."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from pipeline.inference import Generator
from pipeline.kinds.shared.noise import latent
from pipeline.loading import load
from pipeline.tracking import Tracker

pytestmark = pytest.mark.slow  # MLflow takes seconds to import, its server more to start

ROOT = Path(__file__).parents[1]
EXPORTED = ROOT / "exported" / "cdcgan.onnx"
CHAMPION = "models:/cdcgan@champion"
START, ANSWER, STOP = 300, 60, 20  # seconds the server may take, on a busy machine


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder whose MLflow store holds the generator that ships, registered as export and evaluate do it."""
    folder = tmp_path_factory.mktemp("project")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("MLFLOW_TRACKING_URI", "DVC_ROOT", "DVC_EXP_NAME"):
            patch.setenv(name, "")
        patch.chdir(folder)
        with Tracker.start(load(ROOT / "presets" / "cdcgan.yaml")) as tracker:
            tracker.model(EXPORTED, "cdcgan")
            tracker.champion(EXPORTED, "cdcgan", {})
        assert tracker.run_id is not None
        yield folder


@pytest.fixture(scope="module")
def asked() -> dict[str, np.ndarray]:
    """Three pictures to draw."""
    return {"z": latent([0, 1, 2], 100, "normal"), "label": np.array([5, 0, 9])}


@pytest.fixture(scope="module")
def images(asked: dict[str, np.ndarray]) -> np.ndarray:
    """What the file itself draws: float32 [3, 1, 32, 32]."""
    return Generator(EXPORTED, "cpu").run(asked["z"], asked["label"])


def test_the_onnx_flavour_is_the_exported_file(project, asked, images):
    import mlflow.onnx

    model = mlflow.onnx.load_model(CHAMPION)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    np.testing.assert_allclose(session.run(["image"], asked)[0], images, atol=1e-6)


def test_the_pyfunc_flavour_draws_the_same(project, asked, images):
    import mlflow.pyfunc

    drawn = mlflow.pyfunc.load_model(CHAMPION).predict(asked)
    assert list(drawn) == ["image"]
    np.testing.assert_allclose(drawn["image"], images, atol=1e-6)


@contextlib.contextmanager
def served(project: Path) -> Iterator[str]:
    """`mlflow models serve` on loopback until the block ends; yields its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "models", "serve", "--model-uri", CHAMPION]
    environment = os.environ | {
        "MLFLOW_TRACKING_URI": f"sqlite:///{project}/mlflow.db",
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",  # it starts `uvicorn` by name
    }
    log = project / "serve.log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            [*command, "--env-manager", "local", "--host", "127.0.0.1", "--port", str(port)],
            env=environment,
            stdout=output,
            stderr=output,
            start_new_session=True,  # a group of its own: the command starts further processes
        )
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(address, server, log)
        yield address
    finally:
        stop(server)


def wait_for(address: str, server: subprocess.Popen, log: Path) -> None:
    """Return when the server answers; fail with its log when it ended or takes too long."""
    deadline = time.monotonic() + START
    while time.monotonic() < deadline and server.poll() is None:
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"{address}/ping", timeout=ANSWER).close()
            return
        time.sleep(0.2)
    pytest.fail(f"no answer from {address}:\n{log.read_text()[-2000:]}")


def stop(server: subprocess.Popen) -> None:
    """End the server's whole group, at the latest after STOP seconds."""
    os.killpg(server.pid, signal.SIGTERM)
    try:
        server.wait(STOP)
    except subprocess.TimeoutExpired:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()


def post(address: str, content: object) -> dict:
    """The server's answer to JSON inputs."""
    body = json.dumps(content).encode()
    request = urllib.request.Request(
        f"{address}/invocations", body, {"Content-Type": "application/json"}, method="POST"
    )
    with urllib.request.urlopen(request, timeout=ANSWER) as answer:
        return json.load(answer)


def test_the_server_draws_what_is_asked_for_and_refuses_what_is_not_in_the_signature(project, asked, images):
    with served(project) as address:
        answer = post(address, {"inputs": {name: value.tolist() for name, value in asked.items()}})
        with pytest.raises(urllib.error.HTTPError, match="400"):
            post(address, {"inputs": {"z": asked["z"][:, :7].tolist(), "label": [5, 0, 9]}})
        with pytest.raises(urllib.error.HTTPError, match="400"):
            post(address, {"inputs": {"z": asked["z"].tolist()}})
    np.testing.assert_allclose(answer["predictions"]["image"], images, atol=1e-6)
