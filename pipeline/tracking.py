"""MLflow, behind one small class that can fail without hurting a run.

It writes to MLFLOW_TRACKING_URI, or to `mlflow.db` and `mlruns/` in the project's folder. Where the start
fails (no server, a locked or damaged database, a full disk), the stage goes on without. A call that fails
later is told once; the next after a pause tries again, with the rows that are owed. The run's own files are
the truth, tracking only keeps a copy of them.
"""

import functools
import io
import json
import logging
import math
import os
import sqlite3
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, redirect_stderr
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from pipeline.champion import decisive, is_better
from pipeline.files import sha256_of, write_bytes
from pipeline.params import Params
from pipeline.places import project, resume_root

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Metric, Run
    from mlflow.models import ModelSignature
    from onnx import ModelProto, ValueInfoProto

SETTINGS = {  # where the user's environment says nothing
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",  # the default waits four minutes for a dead server
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",  # seconds
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "GIT_PYTHON_REFRESH": "quiet",
}
NOISY = ("mlflow", "alembic", "urllib3")
SET_UP_WAIT = 60.0  # seconds for another process to make the database
DATABASE_WAIT = 10.0  # seconds for another process to let go of it
MOST_METRICS = 1000  # in one call
DIGEST_LENGTH = 36  # MLflow refuses a longer one
RETRY_AFTER = 30.0  # seconds: of a server that is gone, each call waits for its time to run out
ALIAS = "champion"
HASH, SCORES = "sha256", "scores"  # tags of a registered version


def last_run(params: Params) -> str | None:
    """The id of the run under which these parameters were last tracked, if there is one."""
    try:
        return _run_file(params).read_text().strip() or None
    except OSError:
        return None


def _guarded(method: Callable[..., None]) -> Callable[..., None]:
    """Make a method do nothing while tracking is off or in a pause; one that fails begins a pause."""

    @functools.wraps(method)
    def call(self: "Tracker", *args: Any, **kwargs: Any) -> None:
        if self.run_id is None or time.monotonic() < self._paused_until:
            return
        try:
            method(self, *args, **kwargs)
        except Exception as error:  # whatever MLflow and its store raise, the run goes on
            self._paused_until = time.monotonic() + RETRY_AFTER
            if not self._warned:
                self._warned = True
                _warn(error)

    return call


class Tracker:
    """One MLflow run. While tracking is off, `run_id` is None and every method does nothing.

    A context manager: the run ends FINISHED, FAILED on an error, or KILLED when stopped from outside.
    """

    def __init__(self) -> None:
        self.run_id: str | None = None
        self._client: MlflowClient
        self._owed: list[Metric] = []  # what could not be logged yet
        self._paused_until = -math.inf
        self._warned = False
        self._logged: dict[str, int] = {}  # the last step of each metric that a resumed run already holds

    @classmethod
    def start(cls, params: Params, run_id: str | None = None) -> Self:
        """Begin a run, or go on with `run_id` if the store has it; never raises.

        A new run gets the parameters and tags that say what it was made from. `last_run` finds it again.
        """
        tracker = cls()
        if params.tracking.enabled:
            try:
                tracker._connect(params, run_id)
            except Exception as error:  # as above
                tracker.run_id = None
                _warn(error)
        return tracker

    def _connect(self, params: Params, run_id: str | None) -> None:
        for name, value in SETTINGS.items():
            os.environ.setdefault(name, value)
        import mlflow  # late: it takes seconds, and a machine that only trains may lack it
        from filelock import FileLock

        for name in NOISY:
            logging.getLogger(name).setLevel(logging.CRITICAL)
        given = os.environ.get("MLFLOW_TRACKING_URI")
        uri = given or _database()
        resume_root().mkdir(exist_ok=True)
        # Two processes that first touch a new database at once damage it for good.
        with FileLock(resume_root() / "mlflow.lock", timeout=SET_UP_WAIT):
            _probe(uri)
            mlflow.set_tracking_uri(uri)
            self._client = mlflow.MlflowClient()
            artifacts = None if given else (project().resolve() / "mlruns").as_uri()
            experiment_id = self._experiment(params.tracking.experiment, artifacts)
        run = self._find(run_id) if run_id else None
        self.run_id = self._go_on(run) if run else self._begin(params, experiment_id)
        write_bytes(_run_file(params), f"{self.run_id}\n".encode())

    def _experiment(self, name: str, artifacts: str | None) -> str:
        """The id of the experiment, made where it is not there yet."""
        found = self._client.get_experiment_by_name(name)
        return found.experiment_id if found else self._client.create_experiment(name, artifacts)

    def _find(self, run_id: str) -> "Run | None":
        from mlflow.exceptions import MlflowException

        try:
            run = self._client.get_run(run_id)
        except MlflowException as error:
            if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
                return None
            raise
        return run if run.info.lifecycle_stage == "active" else None

    def _begin(self, params: Params, experiment_id: str) -> str:
        from mlflow.entities import Param

        run = self._client.create_run(experiment_id, tags=_tags(params), run_name=params.name)
        values = [Param(key, str(value)) for key, value in _flat(params.model_dump(mode="json"))]
        self._client.log_batch(run.info.run_id, params=values)
        return run.info.run_id

    def _go_on(self, run: "Run") -> str:
        run_id = run.info.run_id
        self._client.update_run(run_id, status="RUNNING")
        for key in run.data.metrics:
            self._logged[key] = max(metric.step for metric in self._client.get_metric_history(run_id, key))
        return run_id

    def metrics(self, values: Mapping[str, float], step: int | None = None) -> None:
        """Log a row of the history at its step, or final scores without one.

        Of a resumed run, the steps it already holds are not logged again.
        """
        if self.run_id is None:
            return
        from mlflow.entities import Metric

        now = time.time_ns() // 1_000_000
        self._owed += [
            Metric(key, float(value), now, step or 0)
            for key, value in values.items()
            if step is None or step > self._logged.get(key, -1)
        ]
        self._pay()

    @_guarded
    def _pay(self) -> None:
        """Log what is owed, as much at a time as MLflow takes."""
        while self._owed:
            self._client.log_batch(self.run_id, metrics=self._owed[:MOST_METRICS])
            del self._owed[:MOST_METRICS]

    @_guarded
    def artifact(self, path: Path, folder: str | None = None) -> None:
        """Keep a copy of a file (a picture, a table) with the run, under `folder` there."""
        self._client.log_artifact(self.run_id, str(path), folder)

    @_guarded
    def dataset(self, name: str, digest: str, source: Path) -> None:
        """Note which data the run used: its digest as hex, and the folder it lies in."""
        from mlflow.entities import Dataset, DatasetInput

        data = Dataset(name, digest[:DIGEST_LENGTH], "local", json.dumps({"uri": str(source)}))
        self._client.log_inputs(self.run_id, [DatasetInput(data)])

    @_guarded
    def model(self, path: Path, name: str) -> None:
        """Log an ONNX file and register it as the newest version of `name`; not one that is known already."""
        import mlflow
        import mlflow.onnx
        import onnx

        if self._version_of(path, name):
            return
        model = onnx.load(path)
        # MLflow tells what it registers on stderr, past its own log levels.
        with redirect_stderr(io.StringIO()), mlflow.start_run(run_id=self.run_id):
            logged = mlflow.onnx.log_model(
                model,
                name="generator",
                registered_model_name=name,
                signature=_signature(model),
                pip_requirements=["numpy>=2", "onnxruntime>=1.20"],
                save_as_external_data=False,
            )
        version = str(logged.registered_model_version)
        self._client.set_model_version_tag(name, version, HASH, sha256_of(path))

    @_guarded
    def champion(self, path: Path, name: str, scores: Mapping[str, Any]) -> None:
        """Give the registered file the alias `champion` if none has it, or its scores are better."""
        version = self._version_of(path, name)
        if version is None:
            return
        figures = decisive(scores)
        self._client.set_model_version_tag(name, version, SCORES, json.dumps(figures))
        holder = self._client.get_registered_model(name).aliases.get(ALIAS)
        if holder is not None and str(holder) != version:
            known = self._client.get_model_version(name, str(holder)).tags.get(SCORES)
            if known is not None and not is_better(figures, json.loads(known)):
                return
        self._client.set_registered_model_alias(name, ALIAS, version)

    def _version_of(self, path: Path, name: str) -> str | None:
        """The registered version of `name` that holds the bytes of this file."""
        digest = sha256_of(path)
        versions = self._client.search_model_versions(f"name = '{name}'")
        return next((str(one.version) for one in versions if one.tags.get(HASH) == digest), None)

    @_guarded
    def _end(self, status: str) -> None:
        self._client.set_terminated(self.run_id, status)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._paused_until = -math.inf  # once more, whatever was
        self._pay()
        if kind is None:
            self._end("FINISHED")
        else:
            self._end("FAILED" if issubclass(kind, Exception) else "KILLED")


def _run_file(params: Params) -> Path:
    """Where a run's id is kept for the stages after train; no output of DVC's, for it differs each time."""
    return resume_root() / f"{params.name}-{params.fingerprint()[:12]}.run"


def _database() -> str:
    """The address of the project's own store; relative where characters of the path mean something in one."""
    folder = project().resolve()
    if any(character in str(folder) for character in "?#%"):
        folder = project()
    return f"sqlite:///{folder / 'mlflow.db'}"


def _probe(uri: str) -> None:
    """Raise where an SQLite database is locked, damaged or read-only: MLflow would retry for minutes."""
    if uri.startswith("sqlite:///"):
        database = Path(uri.removeprefix("sqlite:///").partition("?")[0])
        database.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(database, timeout=DATABASE_WAIT)) as connection:
            connection.execute("BEGIN IMMEDIATE")


def _tags(params: Params) -> dict[str, str]:
    """What the run was made from, as far as it can be told."""
    lock = Path("dvc.lock")
    status = _git("status", "--porcelain")
    tags = {
        "params_hash": params.fingerprint(),
        "dvc_lock_hash": sha256_of(lock) if lock.exists() else None,
        "dvc_experiment": os.environ.get("DVC_EXP_NAME"),
        "git_revision": _git("rev-parse", "HEAD"),
        "git_dirty": None if status is None else str(bool(status)).lower(),
    }
    return {key: value for key, value in tags.items() if value}


def _git(*arguments: str) -> str | None:
    """What git answers; None outside a repository or without git."""
    try:
        done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def _flat(section: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Nested parameters as (`path.to.key`, value)."""
    for key, value in section.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


def _signature(model: "ModelProto") -> "ModelSignature":
    """Names, types and shapes of an ONNX model's inputs and outputs; -1 for the batch."""
    from mlflow.models import ModelSignature
    from mlflow.types import Schema, TensorSpec
    from onnx.helper import tensor_dtype_to_np_dtype

    def tensor(value: "ValueInfoProto") -> TensorSpec:
        kind = value.type.tensor_type
        shape = tuple(-1 if size.dim_param else size.dim_value for size in kind.shape.dim)
        return TensorSpec(tensor_dtype_to_np_dtype(kind.elem_type), shape, value.name)

    inputs, outputs = (
        Schema([tensor(value) for value in side]) for side in (model.graph.input, model.graph.output)
    )
    return ModelSignature(inputs, outputs)


def _warn(error: Exception) -> None:
    if isinstance(error, ModuleNotFoundError):
        reason = f"{error.name} is not installed (pip install mlflow, or set tracking.enabled to false)"
    else:
        reason = textwrap.shorten(str(error), 200) or type(error).__name__
    print(f"warning: the run goes on, for now without tracking: {reason}", file=sys.stderr)
