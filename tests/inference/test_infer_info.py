import hashlib
import json
import os

import numpy as np
import pytest
from onnx import numpy_helper

from pipeline.inference import Generator
from pipeline.kinds.shared.noise import latent

# info


def test_info_tells_the_contract(gan_infer, make_model):
    path = make_model(classes=["T-shirt/top", "Trouser"], metadata={"dataset": "fashion_mnist"})
    code, out, lines = gan_infer("info", path)
    told = out.decode()
    assert (code, lines) == (0, [])
    for fact in (
        hashlib.sha256(path.read_bytes()).hexdigest(),
        f"{path.stat().st_size:,} bytes",
        "tiny: cdcgan, trained on fashion_mnist",
        "float32 [N, 6], drawn from N(0, 1)",
        "int64 [N], 0 to 1: T-shirt/top, Trouser",
        "float32 [N, 1, 4, 5] in [-1, 1]",
        "differs from torch by at most 1e-6",
        "1" * 64,
    ):
        assert fact in told


def test_info_without_classes_tells_of_no_label(gan_infer, unconditional):
    told = gan_infer("info", unconditional)[1].decode()
    assert "label" not in told
    assert "drawn from [0, 1)" in told


def test_info_as_json_is_that_of_the_exported_json(gan_infer, conditional):
    told = json.loads(gan_infer("info", conditional, "--json")[1])
    assert told["sha256"] == hashlib.sha256(conditional.read_bytes()).hexdigest()
    assert told["classes"] == [str(digit) for digit in range(10)]
    assert (told["z_dim"], told["image_shape"]) == (6, [1, 4, 5])
    assert told["inputs"] == [
        {"name": "z", "type": "float", "shape": ["N", 6]},
        {"name": "label", "type": "int64", "shape": ["N"]},
    ]
    assert told["outputs"] == [{"name": "image", "type": "float", "shape": ["N", 1, 4, 5]}]


def test_metadata_can_not_steer_the_terminal(gan_infer, make_model):
    _, out, _ = gan_infer("info", make_model(metadata={"params_hash": "x\x1b[31m\ny", "dataset": "a\rb"}))
    assert len(out.splitlines()) == 11
    assert out.decode().replace("\n", "").isprintable()


# verify


def checks(gan_infer, path):
    """Run verify --json: (exit code, {check: passed}, {check: detail})."""
    code, out, lines = gan_infer("verify", path, "--json")
    assert lines == []
    told = json.loads(out)
    assert told["passed"] is (code == 0)
    found = told["checks"]
    return (
        code,
        {one["check"]: one["passed"] for one in found},
        {one["check"]: one["detail"] for one in found},
    )


def write_vectors(folder, path, count=2, shift=0.0):
    """Write a test set as the ONNX model zoo does, with outputs `shift` from right."""
    folder.mkdir(parents=True)
    generator = Generator(path)
    z, labels = latent(range(count), 6, "normal"), np.arange(count)
    image = generator.run(z, labels) + np.float32(shift)
    for name, array in (("input_0", z), ("input_1", labels), ("output_0", image)):
        (folder / f"{name}.pb").write_bytes(numpy_helper.from_array(array, name).SerializeToString())


def write_sidecars(path, folder, sha256=None):
    """Write all that verify looks for: the .json, SHA256SUMS and two test sets in `folder`."""
    digest = sha256 or hashlib.sha256(path.read_bytes()).hexdigest()
    write_vectors(folder / "test_data_set_0", path)
    write_vectors(folder / "test_data_set_1", path, 1)
    name = os.path.relpath(path, folder)
    (folder / "SHA256SUMS").write_text(f"{'0' * 64}  other.txt\n{digest}  {name}\n")
    said = Generator(path)._session.get_modelmeta().custom_metadata_map
    path.with_suffix(".json").write_text(json.dumps(said | {"inputs": []}))


def test_a_file_alone_is_checked_by_itself(gan_infer, conditional, unconditional):
    expected = {"contract": True, "runs": True, "classes": True}
    nothing = {"description": None, "checksum": None, "test vectors": None}
    assert checks(gan_infer, conditional)[:2] == (0, expected | nothing)
    assert checks(gan_infer, unconditional)[:2] == (0, expected | nothing | {"classes": None})


@pytest.mark.parametrize("folder", [".", "tiny"])
def test_what_lies_beside_it_is_compared(gan_infer, conditional, folder):
    write_sidecars(conditional, conditional.parent / folder)
    code, passed, details = checks(gan_infer, conditional)
    assert (code, set(passed.values())) == (0, {True})
    assert details["test vectors"] == "2, largest difference 0"
    code, out, _ = gan_infer("verify", conditional)
    assert code == 0
    assert [line.split()[0] for line in out.decode().splitlines()] == ["passed"] * 6


def test_each_thing_that_is_wrong_is_told(gan_infer, conditional):
    write_sidecars(conditional, conditional.parent / "tiny", sha256="a" * 64)
    write_vectors(conditional.parent / "tiny" / "test_data_set_2", conditional, shift=0.01)
    sidecar = conditional.with_suffix(".json")
    sidecar.write_text(sidecar.read_text().replace("mnist", "digits"))
    code, passed, details = checks(gan_infer, conditional)
    assert code == 1
    assert [name for name, ok in passed.items() if not ok] == ["description", "checksum", "test vectors"]
    assert "tiny.json: describes another generator" in details["description"]
    assert f"says {'a' * 64}" in details["checksum"]
    assert "test_data_set_2: differs by 0.01, more than 0.0001" in details["test vectors"]
    code, out, lines = gan_infer("verify", conditional)
    assert (code, lines, out.decode().count("FAILED")) == (1, [], 3)


VECTORS = {
    "missing": (None, "output_0.pb: not a regular file"),
    "garbage": (b"\xff" * 30, "output_0.pb: no tensor"),
    "another shape": (numpy_helper.from_array(np.zeros((2, 3), np.float32)), "output_0.pb is float32 [2, 3]"),
    "another type": (numpy_helper.from_array(np.zeros((2, 1, 4, 5), np.uint8)), "output_0.pb is uint8"),
    "no number": (numpy_helper.from_array(np.full((2, 1, 4, 5), np.nan, np.float32)), "differs by nan"),
}


@pytest.mark.parametrize(("content", "told"), VECTORS.values(), ids=VECTORS.keys())
def test_damaged_test_vectors_fail_the_check(gan_infer, conditional, content, told):
    folder = conditional.parent / "test_data_set_0"
    write_vectors(folder, conditional)
    (folder / "output_0.pb").unlink()
    if content is not None:
        data = content if isinstance(content, bytes) else content.SerializeToString()
        (folder / "output_0.pb").write_bytes(data)
    code, _, details = checks(gan_infer, conditional)
    assert code == 1
    assert told in details["test vectors"]


def test_a_generator_deaf_to_its_label_fails(gan_infer, make_model):
    path = make_model(graph={"gain": 1e6})  # saturated: the label no longer counts
    code, passed, details = checks(gan_infer, path)
    assert (code, passed["classes"]) == (1, False)
    assert "10 classes give 1 different pictures" in details["classes"]


def test_a_generator_that_gives_no_numbers_fails(gan_infer, make_model):
    code, passed, _ = checks(gan_infer, make_model(graph={"gain": float("nan")}))
    assert (code, passed["runs"]) == (1, False)


# bench


def test_bench_measures_every_batch_size(gan_infer, conditional):
    code, out, _ = gan_infer("bench", conditional, "--seconds", "0.01", "--device", "cpu", "--json")
    told = json.loads(out)
    assert code == 0
    assert {row["batch"] for row in told["rows"]} == {1, 64, 256}
    assert {row["threads"] for row in told["rows"]} == {1, told["cores"]}
    for row in told["rows"]:
        assert row["images/s"] > 0
        assert row["ms an image"] == pytest.approx(1000 / row["images/s"], rel=0.1, abs=1e-3)


def test_bench_prints_a_table(gan_infer, unconditional):
    _, out, lines = gan_infer("bench", unconditional, "--seconds", "0.01")
    table = [line.split("  ") for line in out.decode().splitlines()]
    assert lines == []
    assert [word for word in table[0] if word][:3] == ["device", "threads", "batch"]
    assert len({len(line) for line in out.decode().splitlines()}) == 1  # the columns are in line


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "1e9"])
def test_bench_takes_a_reasonable_time(gan_infer, conditional, seconds):
    code, _, lines = gan_infer("bench", conditional, "--seconds", seconds)
    assert (code, len(lines)) == (2, 1)
    assert "say more than 0, at most 600" in lines[0]
