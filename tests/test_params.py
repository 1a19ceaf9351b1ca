"""params.yaml: what is refused, and how it is said."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import systems
from pipeline.errors import UserError
from pipeline.loading import load
from tests.conftest import PRESETS, ROOT, preset, write_params


@pytest.mark.parametrize("name", PRESETS)
def test_presets_are_valid_and_named_after_their_file(name: str) -> None:
    assert load(ROOT / "presets" / f"{name}.yaml").name == name


FAILURES = sorted((ROOT / "presets" / "failures").glob("*.yaml"))


@pytest.mark.parametrize("path", FAILURES, ids=lambda path: path.stem)
def test_failures_on_show_are_valid_and_name_their_cure(path: Path) -> None:
    assert load(path).name == path.stem
    assert "# Cure: " in path.read_text()


def test_every_system_has_a_preset() -> None:
    assert {preset(name)["model"]["kind"] for name in PRESETS} == set(systems.kinds())


def test_the_preset_for_own_pictures_is_blocked_by_no_judge() -> None:
    params = load(ROOT / "presets" / "folder.yaml")
    assert (params.data.dataset, params.data.channels, params.model.conditional) == ("folder", 3, True)
    assert {judge.min_accuracy for judge in params.judges.values()} == {0.0}


def test_the_committed_params_are_the_flagship() -> None:
    assert load(ROOT / "params.yaml") == load(ROOT / "presets" / "cdcgan.yaml")


def changed(content: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    *sections, key = path.split(".")
    place = content
    for section in sections:
        place = place[section]
    place[key] = value
    return content


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        ("train.epocks", 3, ["train.epocks", "did you mean 'epochs'?"]),
        ("model.generator_widht", 3, ["model.generator_widht", "'generator_width'"]),
        ("trian", {}, ["trian", "did you mean 'train'?"]),
        ("train.players.generator.rate", 1, ["train.players.generator.rate", "lr, betas"]),
        ("train.players.critic", {"lr": 1e-3, "betas": [0.5, 0.9]}, ["train.players", "unknown 'critic'"]),
        ("objective", None, ["objective: missing"]),
        ("train.d_steps", None, ["train.d_steps: missing"]),
        ("train.batch", "64", ["train.batch", "integer", "'64'"]),
        ("train.batch", 1, ["train.batch", "greater than or equal to 2"]),
        ("train.players.generator.betas", [0.5], ["train.players.generator.betas"]),
        ("objective.name", "hing", ["objective.name", "did you mean 'hinge'?"]),
        ("objective.weight_clip", 0.01, ["objective", "bounds a critic (wasserstein), not non-saturating"]),
        ("objective.penalty.weight", 0.0, ["objective.penalty", "must be above 0"]),
        ("objective.penalty.name", "dragon", ["objective.penalty.name", "did you mean 'dragan'?"]),
        ("model.kind", "cdcgann", ["model.kind", "did you mean 'cdcgan'?"]),
        ("data.size", 28, ["data.size", "16, 32, 64"]),
        ("data.path", "somewhere", ["data", "`path` belongs to a folder of your own"]),
        ("data.test_fraction", 0.5, ["data", "mnist brings its own test images"]),
        ("name", "../up", ["name", "say small letters (a-z), digits, '.', '_' and '-'"]),
        ("name", "judge", ["name", "judge"]),
        ("seed", True, ["seed", "integer"]),
    ],
)
def test_a_mistake_is_told_by_its_path(tmp_path: Path, path: str, value: Any, told: list[str]) -> None:
    with pytest.raises(UserError) as caught:
        write_params(changed(preset("cdcgan"), path, value), tmp_path)
    assert all(part in str(caught.value) for part in [*told, "params.yaml"])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["hinge", "wasserstein", "relativistic", "f-js"])
def test_only_targets_are_smoothed(tmp_path: Path, name: str) -> None:
    content = preset("cdcgan")
    content["objective"] |= {"name": name, "label_smoothing": 0.1}
    with pytest.raises(UserError, match=f"{name} has no targets to smooth"):
        write_params(content, tmp_path)


def test_a_penalty_on_each_image_refuses_batch_norm(tmp_path: Path) -> None:
    content = preset("dcgan-mnist")
    content["objective"]["penalty"] = {"name": "gradient", "weight": 10.0, "every": 1}
    with pytest.raises(UserError, match="batch norm in the discriminator of dcgan mixes them"):
        write_params(content, tmp_path)


@pytest.mark.parametrize(
    ("name", "changes", "told"),
    [
        ("cdcgan", {"unrolled_steps": 3}, "without penalty or clipping"),
        ("wgan-mnist", {"unrolled_steps": 3}, "without penalty or clipping"),
        ("wgan-mnist", {"spectral_norm": True}, "spectral norm rescales the weights"),
        ("wgan-gp-mnist", {"minibatch": "deviation"}, "minibatch deviation mixes them"),
        ("gan-mnist", {"virtual_batch_norm": True}, "the generator of gan has no batch norm"),
        ("cdcgan", {"augmentation": ["cutout", "cutout"]}, "each change once"),
        ("cdcgan", {"augmentation": ["color"]}, "did you mean 'colour'?"),
        ("cdcgan", {"minibatch": "std"}, "one of none, deviation, discrimination"),
    ],
)
def test_stabilisers_that_make_no_sense_are_refused(
    tmp_path: Path, name: str, changes: dict[str, Any], told: str
) -> None:
    content = preset(name)
    content["stabilisers"] |= changes
    with pytest.raises(UserError) as caught:
        write_params(content, tmp_path)
    assert told in str(caught.value)
    assert "stabilisers" in str(caught.value) or "weight_clip" in str(caught.value)


def test_clipped_weights_refuse_spectral_norm_and_penalties(tmp_path: Path) -> None:
    content = preset("cdcgan")
    content["stabilisers"]["spectral_norm"] = True
    off = {"name": "none", "weight": 0.0, "every": 1}
    content["objective"] |= {"name": "wasserstein", "weight_clip": 0.01, "penalty": off}
    with pytest.raises(UserError, match="spectral norm rescales the weights"):
        write_params(content, tmp_path)
    content["objective"]["penalty"] = {"name": "gradient", "weight": 10.0, "every": 1}
    with pytest.raises(UserError, match="both bound the critic's slope"):
        write_params(content, tmp_path)


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    content = changed(changed(preset("cdcgan"), "train.epocks", 1), "seed", -1)
    with pytest.raises(UserError, match=r"seed.*train\.epocks|train\.epocks.*seed"):
        write_params(content, tmp_path)


def test_a_missing_value_is_not_made_up(tmp_path: Path) -> None:
    content = preset("cdcgan")
    del content["train"]["schedule"]["lr"]
    with pytest.raises(UserError, match=r"train\.schedule\.lr: missing"):
        write_params(content, tmp_path)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, "is not here"),
        ("name: [", "can't be read as YAML"),
        ("name: a\nname: b\n", "can't be read as YAML"),
        ("", "expected the sections"),
        ("- 1\n", "expected the sections"),
    ],
)
def test_a_file_that_is_no_params_file(tmp_path: Path, text: str | None, told: str) -> None:
    path = tmp_path / "params.yaml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(UserError, match=told):
        load(path)


def test_numbers_may_be_written_as_2e_4(tmp_path: Path) -> None:
    text = (ROOT / "presets" / "dcgan-mnist.yaml").read_text().replace("2.0e-4", "2e-4")
    path = tmp_path / "params.yaml"
    path.write_text(text)
    assert load(path).train.players["generator"].lr == 2e-4


def test_fingerprint_follows_what_shapes_the_weights(tmp_path: Path) -> None:
    def fingerprint(path: str, value: Any) -> str:
        return write_params(changed(preset("cdcgan"), path, value), tmp_path).fingerprint()

    same = fingerprint("name", "cdcgan")
    assert same == fingerprint("evaluate.samples", 500) == fingerprint("tracking.enabled", False)
    assert same != fingerprint("seed", 1)
    assert same != fingerprint("train.players.generator.lr", 0.5)


scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5)


@given(
    st.dictionaries(
        st.sampled_from(["name", "data", "model", "train", "x"]), scalars | st.lists(scalars, max_size=2)
    )
)
def test_anything_else_is_refused_in_one_line(tmp_path_factory: pytest.TempPathFactory, content: Any) -> None:
    with pytest.raises(UserError) as caught:
        write_params(content, tmp_path_factory.getbasetemp())
    assert "\n" not in str(caught.value)


def test_each_judge_has_its_own_section(tmp_path: Path) -> None:
    content = preset("cdcgan")
    content["judges"]["dense"]["ephocs"] = content["judges"]["dense"].pop("epochs")
    with pytest.raises(UserError, match=r"judges\.dense\.ephocs: unknown 'ephocs'; did you mean 'epochs'\?"):
        write_params(content, tmp_path)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("texture", r"evaluate\.judge: texture sees texture alone"),
        ("dence", r"evaluate\.judge: unknown 'dence'; did you mean 'dense'\?"),
    ],
)
def test_the_judge_that_measures_is_one_that_sees_shapes(name: str, words: str, tmp_path: Path) -> None:
    content = preset("cdcgan")
    content["evaluate"]["judge"] = name
    with pytest.raises(UserError, match=words):
        write_params(content, tmp_path)
