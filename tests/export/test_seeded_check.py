"""The check of a seeded file looks at every label, and at unconditional models, too."""

from pathlib import Path

import onnx
import pytest
from onnx import ModelProto, numpy_helper

from pipeline.errors import RunError
from pipeline.export.seeded import check
from pipeline.inference import Generator
from tests.export.test_seeded import plain_model, seeded_from
from tests.inference.conftest import DIGITS


def test_a_fault_at_the_last_label_alone_is_found(tmp_path: Path) -> None:
    plain = plain_model(DIGITS)
    onnx.save(plain, tmp_path / "plain.onnx")
    wrong = ModelProto.FromString(plain.SerializeToString())
    table = next(tensor for tensor in wrong.graph.initializer if tensor.name == "table")
    values = numpy_helper.to_array(table).copy()
    values[9] += 1
    table.CopyFrom(numpy_helper.from_array(values, "table"))
    with pytest.raises(RunError, match="gives another image than the plain one, at batch 10"):
        check(seeded_from(wrong), Generator(tmp_path / "plain.onnx", device="cpu"))


def test_an_unconditional_file_passes_and_a_wrong_one_does_not(tmp_path: Path) -> None:
    plain = plain_model([])
    onnx.save(plain, tmp_path / "plain.onnx")
    generator = Generator(tmp_path / "plain.onnx", device="cpu")
    check(seeded_from(plain), generator)
    weight = next(tensor for tensor in plain.graph.initializer if tensor.name == "weight")
    weight.CopyFrom(numpy_helper.from_array(-numpy_helper.to_array(weight), "weight"))
    with pytest.raises(RunError, match="gives another image than the plain one, at batch 1"):
        check(seeded_from(plain), generator)
