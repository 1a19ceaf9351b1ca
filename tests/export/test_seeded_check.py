"""The check of a seeded file looks at every label, and at unconditional models, too."""

from contextlib import nullcontext
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import ModelProto, numpy_helper

from pipeline.errors import RunError
from pipeline.export.seeded import check
from pipeline.inference import Generator
from pipeline.inference.contract.network import Network
from pipeline.kinds.shared.noise import MAX_SEED, latent
from tests.export.test_seeded import plain_model, seeded_from
from tests.inference.conftest import DIGITS, network_proto


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


@pytest.mark.parametrize(("seed", "batch"), [(0, 1), (MAX_SEED, 2)])
def test_a_fault_at_the_first_or_the_last_seed_alone_is_found(tmp_path: Path, seed: int, batch: int) -> None:
    """The number that this seed looks up for its first dimension is another one in the table."""
    plain = plain_model([])
    onnx.save(plain, tmp_path / "plain.onnx")
    wrong = seeded_from(plain)
    table = next(tensor for tensor in wrong.graph.initializer if list(tensor.dims) == [4096])
    values = numpy_helper.to_array(table).copy()
    values[values == latent([seed], 1, "normal")[0, 0]] += 1
    table.CopyFrom(numpy_helper.from_array(values, table.name))
    with pytest.raises(RunError, match=f"gives another image than the plain one, at batch {batch}"):
        check(wrong, Generator(tmp_path / "plain.onnx", device="cpu"))


@pytest.mark.parametrize(("off", "wrong"), [(5e-5, False), (1.5e-4, True)])
def test_numbers_may_be_a_ten_thousandth_off(tmp_path: Path, off: float, wrong: bool) -> None:
    """All that the network gives is moved by `off`."""
    plain = network_proto("codes")
    onnx.save(plain, tmp_path / "plain.onnx")
    moved = ModelProto.FromString(plain.SerializeToString())
    moved.graph.node[0].output[0] = "exact"
    moved.graph.node.append(onnx.helper.make_node("Add", ["exact", "off"], ["mean"]))
    moved.graph.initializer.append(numpy_helper.from_array(np.array([off], np.float32), "off"))
    network = Network(tmp_path / "plain.onnx", device="cpu")
    refused = pytest.raises(RunError, match="gives another mean than the plain one, at batch 1")
    with refused if wrong else nullcontext():
        check(seeded_from(moved), network)
