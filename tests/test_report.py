"""The report stage: one page that holds all it shows, says what the other stages found, and mixes no runs."""

import base64
import csv
import json
import shutil
import subprocess
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from pipeline import fields
from pipeline.errors import UserError
from pipeline.inference.contract import format_2
from pipeline.loading import load
from pipeline.scoring import figures
from pipeline.scoring.figures import patches
from pipeline.scoring.table import titles
from pipeline.tracking import Tracker
from stages import download, evaluate, export, judge, preprocess, report, represent, train
from tests.conftest import tiny, write_params

pytestmark = pytest.mark.slow  # its fixtures run whole stages

JUDGES = "models/judge/folder-8"
CLASSES = ["<b>six", 'so-called "seven" & more', "ёжик"]
CHROMIUM = next(filter(shutil.which, ("chromium", "chromium-browser", "google-chrome")), None)


class Page(HTMLParser):
    """A page as a reader has it: its text, its table cells, and what its tags refer to."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text, self.style = "", ""
        self.rows: list[list[str]] = []
        self.open = ""  # the tag whose text comes next, of those that matter
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attributes)))
        if tag == "tr":
            self.rows.append([])
        if tag in ("th", "td"):
            self.rows[-1].append("")
        if tag in ("style", "th", "td"):
            self.open = tag

    def handle_endtag(self, tag: str) -> None:
        if tag == self.open:
            self.open = ""

    def handle_data(self, data: str) -> None:
        if self.open == "style":
            self.style += data
            return
        self.text += data
        if self.open:
            self.rows[-1][-1] = " ".join(f"{self.rows[-1][-1]} {data}".split())

    def row(self, start: str) -> list[str]:
        """The cells after the one that begins so."""
        return next(row[1:] for row in self.rows if row and row[0].startswith(start))

    def sources(self) -> list[str]:
        return [attributes["src"] for tag, attributes in self.tags if tag == "img"]


def small(name: str) -> dict[str, Any]:
    content = tiny(name)
    content["data"]["size"] = 8
    for judge_params in content["judges"].values():
        judge_params |= {"epochs": 1, "min_accuracy": 0.0}
    content["evaluate"]["samples"] = 100
    return content


def run_all(folder: Path, content: dict[str, Any]) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(patches, "PATCHES", 5000)
        params = write_params(content, folder)
        download.main()
        for stage in (preprocess, judge, train, export, evaluate, represent, report):
            stage.main(params)
    return folder


def write_digits(folder: Path, label: int) -> None:
    """Write the bundled digits of one kind as files."""
    folder.mkdir(parents=True)
    digits = load_digits()
    for index, image in enumerate(digits.images[digits.target == label]):
        Image.fromarray((image * 15).astype(np.uint8)).save(folder / f"{index}.png")


@pytest.fixture(scope="module")
def conditional(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run on a folder of images whose class names are hard on HTML."""
    pictures = tmp_path_factory.mktemp("of a person") / "pictures"
    for label, name in enumerate(CLASSES):
        write_digits(pictures / name, label)
    content = small("cgan-mnist")
    content["data"] |= {"dataset": "folder", "path": str(pictures)}
    return run_all(tmp_path_factory.mktemp("conditional"), content)


@pytest.fixture(scope="module")
def unconditional(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of a generator that takes no label."""
    return run_all(tmp_path_factory.mktemp("unconditional"), small("gan-mnist"))


@pytest.fixture
def project(conditional: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the conditional run to change, as the working folder."""
    copy = tmp_path / "project"
    shutil.copytree(conditional, copy)
    monkeypatch.chdir(copy)
    return copy


def html(folder: Path) -> str:
    (path,) = folder.glob("metrics/*/report.html")
    return path.read_text(encoding="utf-8")


@pytest.mark.parametrize("run", ["conditional", "unconditional"])
def test_nothing_is_loaded_from_elsewhere(run: str, request: pytest.FixtureRequest) -> None:
    page = Page(html(request.getfixturevalue(run)))
    assert not {tag for tag, _ in page.tags} & {"script", "link", "iframe", "object", "embed", "base"}
    for _, attributes in page.tags:
        assert attributes.get("src", "data:image/").startswith("data:image/")
        assert attributes.get("href", "#").startswith("#")
        assert not {"srcset", "poster", "background", "action"} & set(attributes)
    assert page.style
    assert "url(" not in page.style
    assert "@import" not in page.style


def test_links_lead_somewhere(conditional: Path) -> None:
    page = Page(html(conditional))
    names = {attributes.get("id") for _, attributes in page.tags}
    links = {attributes["href"] for tag, attributes in page.tags if tag == "a"}
    assert len(links) > 5
    assert links <= {f"#{name}" for name in names}


def test_the_pictures_are_those_of_the_run(conditional: Path) -> None:
    shown = {base64.b64decode(source.partition(",")[2]) for source in Page(html(conditional)).sources()}
    details, model = conditional / "metrics/cgan-mnist/details", conditional / "models/cgan-mnist"
    names = ("samples.png", "real-beside-fake.png", "neighbours.png", "per-class.png")
    paths = [*(details / name for name in names), model / "curves.png", model / "progress.gif"]
    paths.append(conditional / "metrics/cgan-mnist/representation/curve.png")
    assert shown == {path.read_bytes() for path in paths}


def test_every_figure_stands_beside_its_floor_ceiling_and_interval(conditional: Path) -> None:
    page = Page(html(conditional))
    scores = json.loads((conditional / "metrics/cgan-mnist/details/scores.json").read_text())
    # the folder has too few pictures for what is extrapolated
    unknown = {"inception_fid", "inception_kid", "judge_fid_infinity", "{}_fid", "{}_label_accuracy"}
    unknown |= {"reconstruction", "negative_elbo", "category_accuracy", "classifier_accuracy"}  # of parts
    unknown |= {"cycle_error", "label_kept", "pair_agreement"}
    unknown |= {"confident", "one_piece", "overlap"}  # volumes
    unknown |= {f"caption_{name}" for name in ("digit", "colour", "size", "slant", "box")}
    unknown |= {
        "psnr",
        "ssim",
        "pixel_error",
        "colour_match",
        "label_restored",
        "domain_adaptation",
    }  # translations
    of_judges = {"dense_fid", "dense_label_accuracy", "texture_fid"}
    every = {key for module in figures.modules() for key in module.FIGURES}
    assert scores.keys() - {"protocol"} == (every - unknown) | of_judges
    for key, (title, _) in titles(scores).items():
        value, spread, real, noise = page.row(f"{title} ")
        for shown, of in ((value, "value"), (real, "real"), (noise, "noise")):
            known = scores[key][of]
            assert shown == "–" if known is None else float(shown) == pytest.approx(known, rel=1e-3)
        assert bool(spread) == bool({"low", "deviation"} & scores[key].keys())
    assert page.row("judge-KID ")[1] == "{low:.4g} to {high:.4g}".format(**scores["judge_kid"])


def test_it_says_what_was_trained_on_what(conditional: Path) -> None:
    page = Page(html(conditional))
    generator = json.loads((conditional / "exported/cgan-mnist.json").read_text())
    with (conditional / "models/cgan-mnist/history.csv").open() as file:
        *_, last = csv.DictReader(file)
    assert page.row("images seen") == [f"{int(last['images']):,}"]
    assert page.row("system") == ["cgan, conditional: takes a class"]
    assert page.row("objective") == ["non-saturating"]
    assert page.row("train.players.generator.betas") == ["[0.5, 0.999]"]
    assert page.row("takes") == ["z: latent [100], label: label"]
    assert page.row("gives") == ["image: image [1, 8, 8]"]
    assert page.row("code") == [generator["code_hash"]]
    assert page.row("samples") == ["100"]
    assert page.row("architecture")[0].startswith("conv")


def test_class_names_are_text(conditional: Path) -> None:
    page = Page(html(conditional))
    assert "<b>six" not in html(conditional)
    for name in CLASSES:
        assert name in page.text


def test_the_confusion_matrix_and_the_classes(conditional: Path) -> None:
    page = Page(html(conditional))
    details = conditional / "metrics/cgan-mnist/details"
    with (details / "confusion.csv").open(newline="", encoding="utf-8") as file:
        _, *counts = csv.reader(file)
    scores = json.loads((details / "scores.json").read_text())
    for name, *cells in counts:
        by_class, confusion = (row[1:] for row in page.rows if row and row[0] == name)
        assert confusion == cells
        for figure in ("label_accuracy", "diversity", "class_imbalance"):
            assert f"{scores[figure]['per_class'][name]:.4g}" in by_class


def test_without_labels_there_is_no_confusion(unconditional: Path) -> None:
    page = Page(html(unconditional))
    assert "asked for" not in page.text
    assert not any(row and row[0].startswith("label accuracy") for row in page.rows)
    assert page.row("system") == ["gan, unconditional"]
    assert len(page.sources()) == 6
    assert page.row("judge-FID ")


@pytest.mark.slow
def test_images_without_classes(tmp_path: Path) -> None:
    write_digits(tmp_path / "pictures", 3)
    content = small("gan-mnist")
    content["data"] |= {"dataset": "folder", "path": str(tmp_path / "pictures")}
    content["train"]["batch"] = 100
    page = Page(html(run_all(tmp_path, content)))
    assert page.row("classes") == ["none"]
    assert page.row("task") == ["rotations"]
    assert page.row("diversity")
    assert "Classes" not in page.text


def test_the_same_run_gives_the_same_bytes(project: Path) -> None:
    before = html(project)
    (project / "metrics/cgan-mnist/report.html").unlink()
    report.main(load())
    assert html(project) == before


def test_the_users_folders_stay_private(conditional: Path) -> None:
    page = Page(html(conditional))
    assert page.row("data.path") == ["pictures"]
    assert "of a person" not in page.text


def test_a_generator_of_format_2_is_described_by_its_fields(project: Path) -> None:
    path = project / "exported/cgan-mnist.json"
    z, code = fields.latent(62, "normal"), fields.Field("code", (2,), {"low": -1, "high": 1})
    image = fields.Field("image", (1, 8, 8), {"range": [-1, 1]})
    said = json.loads(path.read_text())
    for key in ("classes", "z_dim", "latent", "image_shape", "value_range"):
        del said[key]
    said |= {"format": format_2.FORMAT, "fields": format_2.text({"z": z, "code": code}, {"image": image})}
    path.write_text(json.dumps(said))
    report.main(load())
    page = Page(html(project))
    assert page.row("takes") == ["z: latent [62], code: code [2]"]
    assert page.row("system") == ["cgan, unconditional"]


def test_figures_it_does_not_know_are_shown_too(project: Path) -> None:
    path = project / "metrics/cgan-mnist/details/scores.json"
    scores = json.loads(path.read_text())
    path.write_text(json.dumps(scores | {"new_figure": {"value": 0.125, "real": 1.0, "noise": None}}))
    report.main(load())
    assert Page(html(project)).row("new figure") == ["0.125", "", "1", "–"]


def test_the_representation_is_shown(project: Path) -> None:
    points = {
        "100": {"mean": 0.881, "deviation": 0.0123, "draws": 10},
        "5000": {"mean": 0.981, "deviation": None},
    }
    found = {"encoder": 0.981, "protocol": "Of 5,000 images", "curve": {"encoder": points}}
    folder = project / "metrics/cgan-mnist"
    (folder / "representation.json").write_text(json.dumps(found))
    Image.new("L", (123, 45)).save(folder / "representation/curve.png")
    report.main(load())
    page = Page(html(project))
    assert page.row("features") == ["100 labels", "5,000 labels"]
    assert page.row("encoder") == ["0.881 ± 0.0123", "0.981"]
    assert "Of 5,000 images." in page.text
    assert 'width="123" height="45"' in html(project)


def edit_json(path: str, *keys: str) -> None:
    """Change the text at `keys` in a JSON file."""
    content = section = json.loads(Path(path).read_text())
    for key in keys[:-1]:
        section = section[key]
    section[keys[-1]] = "another"
    Path(path).write_text(json.dumps(content))


MIXTURES: dict[str, Callable[[], object]] = {
    "trained with other parameters": lambda: edit_json("exported/cgan-mnist.json", "params_hash"),
    "trained on other data": lambda: edit_json("exported/cgan-mnist.json", "data_hash"),
    "scores are of another file": lambda: Path("exported/cgan-mnist.onnx").write_bytes(b"another"),
    "scores are another judge's": lambda: edit_json(
        "models/judge/folder-8/images/dense/judge.json", "sha256"
    ),
    "history.csv is missing": Path("models/cgan-mnist/history.csv").unlink,
    "curves.png is missing": Path("models/cgan-mnist/curves.png").unlink,
    "curves.png is no picture": lambda: Path("models/cgan-mnist/curves.png").write_text("none"),
    "scores.json is missing": Path("metrics/cgan-mnist/details/scores.json").unlink,
    "scores.json is no JSON": lambda: Path("metrics/cgan-mnist/details/scores.json").write_text("{"),
}


@pytest.mark.parametrize("problem", MIXTURES)
def test_what_is_not_of_one_run_is_refused(project: Path, problem: str) -> None:
    before = html(project)
    MIXTURES[problem]()
    with pytest.raises(UserError, match=f"{problem}.*: run `dvc repro`"):
        report.main(load())
    assert html(project) == before


def test_the_tracker_gets_the_page(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[Path] = []
    monkeypatch.setattr(Tracker, "artifact", lambda self, path: kept.append(path))
    report.main(load())
    assert kept == [Path("metrics/cgan-mnist/report.html")]


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
def test_a_browser_shows_it(conditional: Path, tmp_path: Path) -> None:
    path = conditional / "metrics/cgan-mnist/report.html"
    switches = ["headless", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-sync"]
    switches += ["disable-background-networking", "disable-component-update", "window-size=1200,2400"]
    switches += [f"user-data-dir={tmp_path / 'profile'}", f"screenshot={tmp_path / 'page.png'}"]

    def browse(*more: str) -> str:
        command = [str(CHROMIUM), *(f"--{switch}" for switch in (*switches, *more)), path.as_uri()]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout

    browse()
    page = Page(browse("dump-dom"))
    assert page.row("judge-FID ") == Page(html(conditional)).row("judge-FID ")
    with Image.open(tmp_path / "page.png") as shot:
        pixels = np.asarray(shot.convert("L"))
    assert pixels.shape == (2400, 1200)
    inked = (pixels < 128).mean(axis=1)  # of each line
    assert 0.02 < inked.mean() < 0.5
    assert (inked > 0).mean() > 0.4  # from top to bottom
