import contextlib

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from onnx import TensorProto, helper, numpy_helper

from pipeline.inference.contract import tensors
from pipeline.inference.contract.tensors import read_tensor
from pipeline.inference.errors import InferenceError

ONE_FILE = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@given(
    arrays.arrays(
        st.sampled_from([np.float32, np.uint8, np.int64]), arrays.array_shapes(min_dims=0, min_side=0)
    ),
    st.text(max_size=3),
)
@ONE_FILE
def test_reads_what_onnx_writes(tmp_path, array, name):
    path = tmp_path / "x.pb"
    path.write_bytes(numpy_helper.from_array(array, name).SerializeToString())
    found = read_tensor(path)
    assert (found.dtype, found.shape) == (array.dtype, array.shape)
    assert found.tobytes() == array.tobytes()


def test_dims_may_be_packed(tmp_path):
    path = tmp_path / "x.pb"
    path.write_bytes(b"\x0a\x02\x01\x02" + b"\x10\x02" + b"\x4a\x02\x07\x08")
    assert read_tensor(path).tolist() == [[7, 8]]


@given(st.binary(max_size=60))
@ONE_FILE
def test_any_bytes_are_a_tensor_or_one_line(tmp_path, data):
    path = tmp_path / "x.pb"
    path.write_bytes(data)
    with_prefix = tmp_path / "y.pb"
    with_prefix.write_bytes(b"\x08\x02\x10\x02" + data)
    for file in (path, with_prefix):
        with contextlib.suppress(InferenceError):
            assert read_tensor(file).nbytes <= len(data)


@pytest.mark.parametrize(
    "tensor",
    [
        helper.make_tensor("x", TensorProto.FLOAT, [2], [1.0, 2.0]),  # in float_data
        helper.make_tensor("x", TensorProto.STRING, [1], [b"x"]),
        numpy_helper.from_array(np.zeros(3, np.float64)),
        TensorProto(dims=[2**62, 4], data_type=1, raw_data=b""),
        TensorProto(dims=[-1], data_type=1, raw_data=b"0000"),
        TensorProto(dims=[2], data_type=1, raw_data=b"0000"),
    ],
)
def test_other_tensors_are_refused(tmp_path, tensor):
    path = tmp_path / "x.pb"
    path.write_bytes(tensor.SerializeToString())
    with pytest.raises(InferenceError, match=r"x.pb: no tensor of float32, uint8 or int64"):
        read_tensor(path)


def test_what_is_no_file_is_told(tmp_path, monkeypatch):
    with pytest.raises(InferenceError, match="not a regular file"):
        read_tensor(tmp_path)
    monkeypatch.setattr(tensors, "MAX_BYTES", 10)
    path = tmp_path / "x.pb"
    path.write_bytes(b"0" * 11)
    with pytest.raises(InferenceError, match="larger than 10 bytes"):
        read_tensor(path)
