"""MLflow tracking: what it keeps, and that nothing it does can hurt a run."""

import os
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

from pipeline import tracking
from pipeline.loading import load
from pipeline.params import Params
from pipeline.tracking import Tracker, last_run

ROOT = Path(__file__).parents[1]
slow = pytest.mark.slow  # importing mlflow takes seconds, a new store some more


@pytest.fixture(scope="module")
def params() -> Params:
    return load(ROOT / "presets" / "quickstart.yaml")


@pytest.fixture
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty project folder; the environment names no store (set, so that what MLflow sets is undone)."""
    for name in ("MLFLOW_TRACKING_URI", "DVC_ROOT", "DVC_EXP_NAME"):
        monkeypatch.setenv(name, "")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One project folder for all tests that need a store: a new database takes seconds. Spaces on purpose."""
    return tmp_path_factory.mktemp("a project")


@pytest.fixture
def project(clean: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(folder)
    return folder


def client(project: Path):
    from mlflow import MlflowClient

    return MlflowClient(f"sqlite:///{project}/mlflow.db")


def write_model(path: Path, operator: str) -> Path:
    """An ONNX file of one operator, z [N, 4] -> image [N, 4]."""
    z = helper.make_tensor_value_info("z", TensorProto.FLOAT, ["N", 4])
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["N", 4])
    graph = helper.make_graph([helper.make_node(operator, ["z"], ["image"])], "generator", [z], [image])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


def use_everything(tracker: Tracker, path: Path) -> None:
    tracker.metrics({"d_loss": 1.0}, 10)
    tracker.artifact(path, "pictures")
    tracker.dataset("digits", "ab" * 32, Path("data/prepared/digits-16"))
    tracker.model(path, "quickstart")


def test_switched_off_it_is_silent_and_never_touches_mlflow(params, clean, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "mlflow", None)
    off = params.model_copy(update={"tracking": params.tracking.model_copy(update={"enabled": False})})
    with Tracker.start(off) as tracker:
        use_everything(tracker, clean / "absent")
    assert tracker.run_id is None
    assert capsys.readouterr() == ("", "")
    assert list(clean.iterdir()) == []


def test_without_mlflow_there_is_one_warning_and_the_run_goes_on(params, clean, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with Tracker.start(params) as tracker:
        use_everything(tracker, clean / "absent")
    assert tracker.run_id is None
    warning = capsys.readouterr().err
    assert warning.startswith("warning: ")
    assert "mlflow is not installed" in warning
    assert warning.count("\n") == 1


@slow
def test_a_run_holds_what_it_was_made_from(params, project, monkeypatch):
    (project / "dvc.lock").write_text("schema: '2.0'\n")
    monkeypatch.setenv("DVC_EXP_NAME", "bold-idea")
    with Tracker.start(params) as tracker:
        tracker.metrics({"d_loss": 0.5, "g_loss": 2.0}, 50)
        tracker.metrics({"d_loss": 0.25}, 100)
        tracker.metrics({"label_accuracy": 0.99})
        tracker.dataset("digits", "ab" * 32, Path("data/prepared/digits-16"))
        tracker.artifact(project / "dvc.lock", "files")
    run = client(project).get_run(tracker.run_id)
    assert (run.info.run_name, run.info.status) == ("quickstart", "FINISHED")
    assert run.data.metrics == {"d_loss": 0.25, "g_loss": 2.0, "label_accuracy": 0.99}
    assert run.data.params["model.kind"] == params.model.kind
    assert run.data.params["train.players.generator.betas"] == str(
        list(params.train.players["generator"].betas)
    )
    assert run.data.tags["params_hash"] == params.fingerprint()
    assert run.data.tags["dvc_experiment"] == "bold-idea"
    assert len(run.data.tags["dvc_lock_hash"]) == 64
    assert "git_revision" not in run.data.tags  # the folder is no repository
    [data] = run.inputs.dataset_inputs
    assert data.dataset.name == "digits"
    assert ("ab" * 32).startswith(data.dataset.digest)
    copies = project / "mlruns" / tracker.run_id / "artifacts" / "files"
    assert (copies / "dvc.lock").read_text() == "schema: '2.0'\n"


@slow
def test_the_git_revision_and_its_dirty_flag_are_tags(params, project, monkeypatch, tmp_path):
    def git(*arguments: str) -> str:
        who = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
        done = subprocess.run(["git", *who, *arguments], check=True, capture_output=True, text=True)
        return done.stdout.strip()

    monkeypatch.setenv(
        "DVC_ROOT", str(project)
    )  # the store stays where it is, the work is in a clone of its own
    monkeypatch.chdir(tmp_path)
    git("init")
    (tmp_path / ".gitignore").write_text(".resume/\n")
    git("add", ".gitignore")
    git("commit", "-m", "first")
    clean_run = Tracker.start(params)
    (tmp_path / "new.py").touch()
    dirty_run = Tracker.start(params)
    for tracker, dirty in ((clean_run, "false"), (dirty_run, "true")):
        tags = client(project).get_run(tracker.run_id).data.tags
        assert (tags["git_revision"], tags["git_dirty"]) == (git("rev-parse", "HEAD"), dirty)
    assert last_run(params) == dirty_run.run_id  # handed on in the working folder
    assert not (tmp_path / "mlflow.db").exists()


@slow
def test_a_killed_run_goes_on_and_logs_no_step_twice(params, project):
    killed = Tracker.start(params)
    for step in (10, 20, 30):
        killed.metrics({"d_loss": step / 10}, step)
    assert client(project).get_run(killed.run_id).info.status == "RUNNING"

    with Tracker.start(params, last_run(params)) as resumed:
        for step in (20, 30, 40):  # training goes on from the last state saved, before the kill
            resumed.metrics({"d_loss": step / 10}, step)
    assert resumed.run_id == killed.run_id
    history = client(project).get_metric_history(resumed.run_id, "d_loss")
    assert [(row.step, row.value) for row in history] == [(10, 1), (20, 2), (30, 3), (40, 4)]
    assert client(project).get_run(resumed.run_id).info.status == "FINISHED"


@slow
def test_later_scores_replace_earlier_ones_in_the_same_run(params, project):
    with Tracker.start(params) as tracker:
        tracker.metrics({"label_accuracy": 0.5})
    with Tracker.start(params, tracker.run_id) as again:
        again.metrics({"label_accuracy": 0.9})
    assert client(project).get_run(tracker.run_id).data.metrics == {"label_accuracy": 0.9}


@slow
@pytest.mark.parametrize("gone", ["0" * 32, "not an id / at all"])
def test_a_run_the_store_does_not_have_is_begun_anew(params, project, gone, capsys):
    with Tracker.start(params, gone) as tracker:
        pass
    assert client(project).get_run(tracker.run_id).info.status == "FINISHED"
    assert capsys.readouterr().err == ""


@slow
def test_a_deleted_run_is_begun_anew(params, project):
    first = Tracker.start(params)
    client(project).delete_run(first.run_id)
    assert Tracker.start(params, first.run_id).run_id not in (None, first.run_id)


@slow
def test_other_parameters_have_no_last_run(params, project):
    Tracker.start(params)
    assert last_run(params.model_copy(update={"seed": params.seed + 1})) is None
    assert last_run(params.model_copy(update={"name": "another"})) is None


@slow
@pytest.mark.parametrize(("stop", "status"), [(ValueError, "FAILED"), (KeyboardInterrupt, "KILLED")])
def test_how_a_run_ended_is_told(params, project, stop, status):
    with pytest.raises(stop), Tracker.start(params) as tracker:
        raise stop
    assert client(project).get_run(tracker.run_id).info.status == status


def fid(value):
    return {"judge_fid": {"value": value, "low": value - 0.1, "high": value + 0.1}}


@slow
def test_the_champion_is_the_better_by_its_scores_and_known_files_stay_one(params, project, capsys):
    import mlflow

    def holder():
        return int(client(project).get_model_version_by_alias("quick.start", "champion").version)

    files = {name: write_model(project / f"{name}.onnx", name) for name in ("Identity", "Tanh", "Sigmoid")}
    with Tracker.start(params) as tracker:
        tracker.model(files["Identity"], "quick.start")
        assert not client(project).get_registered_model("quick.start").aliases  # there are no scores yet
        tracker.champion(files["Identity"], "quick.start", fid(1.0))
        tracker.model(files["Sigmoid"], "quick.start")
        tracker.champion(files["Sigmoid"], "quick.start", fid(0.9))  # within the interval
        assert holder() == 1
        tracker.model(files["Tanh"], "quick.start")
        tracker.champion(files["Tanh"], "quick.start", fid(0.5))
        assert holder() == 3
        tracker.model(files["Identity"], "quick.start")  # restored: known by its hash
        tracker.champion(files["Identity"], "quick.start", {"protocol": {}})  # without figures
        assert holder() == 3
    assert len(client(project).search_model_versions("name = 'quick.start'")) == 3
    assert capsys.readouterr() == ("", "")
    version = client(project).get_model_version_by_alias("quick.start", "champion")
    assert (int(version.version), version.run_id) == (3, tracker.run_id)
    model = mlflow.onnx.load_model("models:/quick.start@champion")
    assert [node.op_type for node in model.graph.node] == ["Tanh"]
    signature = mlflow.models.get_model_info("models:/quick.start@champion").signature
    assert [(tensor.name, tensor.shape) for tensor in signature.inputs] == [("z", (-1, 4))]
    assert not list(project.rglob("*.data"))


@slow
def test_a_failure_in_mid_run_is_told_once(params, project, capsys):
    with Tracker.start(params) as tracker:
        tracker.artifact(project / "absent.png")
        use_everything(tracker, project / "absent.png")
    assert client(project).get_run(tracker.run_id).data.metrics == {"d_loss": 1.0}  # logged in the end
    warning = capsys.readouterr().err
    assert warning.startswith("warning: ")
    assert "absent.png" in warning
    assert warning.count("\n") == 1


@slow
def test_a_dead_server_costs_seconds_and_one_warning(params, clean, monkeypatch, capsys):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    start = time.monotonic()
    with Tracker.start(params) as tracker:
        use_everything(tracker, clean / "absent")
    assert time.monotonic() - start < 30
    assert tracker.run_id is None
    warning = capsys.readouterr().err
    assert warning.startswith("warning: ")
    assert "127.0.0.1" in warning
    assert warning.count("\n") == 1


@slow
@pytest.mark.parametrize("harm", ["damaged", "locked", "no file"])
def test_a_database_that_cannot_be_used_is_told_at_once(params, clean, monkeypatch, capsys, harm):
    monkeypatch.setattr(tracking, "DATABASE_WAIT", 0.1)
    database = clean / "mlflow.db"
    if harm == "no file":
        database.mkdir()
    else:
        database.write_bytes(b"no database " * 100 if harm == "damaged" else b"")
    other = sqlite3.connect(database if harm == "locked" else ":memory:")
    other.execute("BEGIN IMMEDIATE")
    start = time.monotonic()
    tracker = Tracker.start(params)
    other.close()
    assert time.monotonic() - start < 10
    assert tracker.run_id is None
    assert capsys.readouterr().err.count("\n") == 1


@slow
def test_two_processes_at_once_share_a_new_store(params, clean):
    code = """
import sys
from pathlib import Path
from pipeline.loading import load
from pipeline.tracking import Tracker

with Tracker.start(load(Path(sys.argv[1]))) as tracker:
    tracker.metrics({"d_loss": 1.0}, 10)
"""
    command = [sys.executable, "-c", code, str(ROOT / "presets" / "quickstart.yaml")]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    both = [subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    assert [process.communicate(timeout=180)[1] for process in both] == ["", ""]
    experiment = client(clean).get_experiment_by_name(params.tracking.experiment)
    runs = client(clean).search_runs([experiment.experiment_id])
    assert [(run.info.status, run.data.metrics) for run in runs] == [("FINISHED", {"d_loss": 1.0})] * 2


@slow
def test_a_folder_whose_name_means_something_in_a_url_keeps_its_store(params, clean, monkeypatch):
    folder = clean / "what? #1 100%25"
    folder.mkdir()
    monkeypatch.chdir(folder)
    (folder / "note.txt").write_text("kept")
    with Tracker.start(params) as tracker:
        tracker.metrics({"d_loss": 1.0}, 10)
        tracker.artifact(folder / "note.txt")
    assert tracker.run_id
    assert (folder / "mlflow.db").is_file()
    assert list((folder / "mlruns").rglob("note.txt"))
    assert [path.name for path in clean.iterdir()] == [folder.name]
    temporary = folder / ".dvc" / "tmp" / "exps" / "1"  # as `dvc exp run --temp` does
    temporary.mkdir(parents=True)
    monkeypatch.chdir(temporary)
    monkeypatch.setenv("DVC_ROOT", str(folder))
    assert Tracker.start(params, tracker.run_id).run_id == tracker.run_id
