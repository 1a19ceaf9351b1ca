"""A figure is a file: it runs where its needs were gathered, and one more file is all that one more takes."""

import itertools
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.data.prepared import Prepared
from pipeline.params import EvaluateParams
from pipeline.report.contents import GOOD, _figures
from pipeline.scoring import figures
from pipeline.scoring.evidence import Evidence, gather, open_generator
from pipeline.scoring.figures import described, modules, score
from pipeline.scoring.judges.judge import Judge
from pipeline.scoring.table import key_figures, titles
from tests.scoring.conftest import DIGITS, write_generator

NEWEST = '''
"""One more figure."""

from pipeline.scoring.figure import About

FIGURES = {"answer": About(place=25, title="the answer", good="high", explanation="What it is all about.")}
NEEDS = {"question"}
ORDER = 35


def measure(evidence):
    return {"answer": {"value": float(len(evidence["question"])), "real": 42.0, "noise": None}}
'''
PROTOCOL: dict[str, Any] = {
    "samples": 7,
    "seed": 1,
    "compared_with": "test images",
    "data": {"name": "digits", "size": 8},
    "judges": {"first": {"sha256": "0"}, "dense": {"sha256": "1"}, "texture": {"sha256": "2"}},
    "inception": None,
    "code": "0",
}


@pytest.fixture
def one_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The room with another file in it."""
    (tmp_path / "newest.py").write_text(NEWEST)
    monkeypatch.setattr(figures, "__path__", [*figures.__path__, str(tmp_path)])
    yield
    sys.modules.pop(f"{figures.__name__}.newest", None)


class Asked(dict):
    """Evidence that keeps the names that it is asked for."""

    def __init__(self, evidence: Evidence) -> None:
        super().__init__(evidence)
        self.names: set[str] = set()

    def __getitem__(self, name: str) -> Any:
        self.names.add(name)
        return super().__getitem__(name)


def scored(*keys: str) -> dict[str, Any]:
    return {"protocol": PROTOCOL} | {key: {"value": 1.0, "real": 1.0, "noise": None} for key in keys}


def test_a_file_in_the_room_is_a_figure_in_scores_table_and_report(one_more: None) -> None:
    scores = scored("precision", "judge_fid") | score({"question": "How many roads?"})
    assert scores["answer"]["value"] == 15
    assert list(titles(scores)) == ["judge_fid", "answer", "precision"]
    assert titles(scores)["answer"] == ("the answer", "high")
    assert list(key_figures(scores)) == ["protocol", "judge_fid", "answer", "precision"]
    told = dict(_figures(scores))["answer"]
    assert (told["good"], told["explanation"]) == ("higher is better", "What it is all about.")


def test_what_is_needed_and_not_gathered_is_left_out(one_more: None) -> None:
    assert set(score({"question": "", "seed": 1})) == {"answer"}
    assert score({"answer": ""}) == {}


def test_files_are_measured_in_the_order_that_they_say(one_more: None) -> None:
    names = [module.__name__.rpartition(".")[2] for module in modules()]
    assert names[names.index("other_judges") : names.index("patches")] == ["other_judges", "newest"]
    assert len({module.ORDER for module in modules()}) == len(names)


def test_each_figure_has_one_place_and_is_explained() -> None:
    every = [entry for module in modules() for entry in module.FIGURES.items()]
    assert len({key for key, _ in every}) == len(every)
    for (key, about), (other, next_one) in itertools.combinations(every, 2):
        assert about.place != next_one.place or {key, other} == {"{}_fid", "texture_fid"}
    for key, about in every:
        assert about.good in GOOD, key
        assert about.title, key
        assert about.explanation.endswith("."), key


def test_figures_of_other_judges_bear_their_names_in_the_judges_order() -> None:
    scores = scored("texture_fid", "dense_fid", "judge_fid", "dense_label_accuracy")
    assert list(described(scores)) == ["judge_fid", "dense_fid", "texture_fid", "dense_label_accuracy"]
    assert described(scores)["dense_fid"].title == "dense-FID"
    assert "features of the judge dense:" in described(scores)["dense_fid"].explanation
    assert described(scores)["texture_fid"].title == "texture-FID"
    assert "seven pixels" in described(scores)["texture_fid"].explanation


@pytest.fixture(scope="module")
def evidence(
    digits: Prepared, judges: dict[str, Judge], bank: np.ndarray, tmp_path_factory: pytest.TempPathFactory
) -> Evidence:
    """Of a generator that takes labels."""
    file = write_generator(tmp_path_factory.mktemp("exported") / "bank.onnx", bank, DIGITS)
    params = EvaluateParams(judge="convolutional", samples=520, seed=1, inception_weights=None)
    return gather(open_generator(file, digits), digits, judges, params)


@pytest.mark.slow
@pytest.mark.parametrize("module", [pytest.param(one, id=one.__name__) for one in modules()])
def test_a_figure_asks_for_nothing_but_its_needs(module: Any, evidence: Evidence) -> None:
    if not evidence.keys() >= module.NEEDS:
        of_some = [
            {"inception"},
            {"posterior"},
            {"returned"},
            {"categories"},
            {"classified"},
            {"pairs"},
            {"captioned"},
        ]
        assert module.NEEDS - evidence.keys() in [
            *of_some,
            {"cycle", "sources"},
            {"translated"},
            {"voxels"},
            {"voxels", "translated"},
            {"learnt_from", "learnt_as"},
        ]
        return
    asked = Asked(evidence)
    found = module.measure(asked)
    assert asked.names <= module.NEEDS
    others = list(evidence["other_judges"])
    assert found.keys() <= {key.format(judge) for key in module.FIGURES for judge in others}


@pytest.mark.slow
def test_evidence_without_labels_has_no_key_for_them(
    digits: Prepared, judges: dict[str, Judge], bank: np.ndarray, tmp_path: Path
) -> None:
    generator = open_generator(write_generator(tmp_path / "bank.onnx", bank, []), digits)
    params = EvaluateParams(judge="convolutional", samples=100, seed=1, inception_weights=None)
    first = {"convolutional": judges["convolutional"]}
    assert not {"labels", "other_judges", "inception"} & gather(generator, digits, first, params).keys()
