from types import SimpleNamespace

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx.reference import ReferenceEvaluator

from pipeline.inference import Generator
from pipeline.inference.contract import session
from pipeline.inference.errors import InferenceError
from pipeline.kinds.image import to_uint8
from pipeline.kinds.shared.noise import latent

SAME_FILE = [HealthCheck.function_scoped_fixture]


def test_pictures_are_those_of_the_reference_evaluator(conditional):
    generator = Generator(conditional, "cpu")
    z, labels = latent([3, 4], 6, "normal"), np.array([7, 0])
    (expected,) = ReferenceEvaluator(onnx.load(conditional)).run(None, {"z": z, "label": labels})
    np.testing.assert_allclose(generator.run(z, labels), expected, atol=1e-6)
    images = generator.sample([7, 0], [3, 4])
    assert images.dtype == np.uint8
    assert images.shape == (2, 4, 5, 1)
    assert np.abs(images - (expected.transpose(0, 2, 3, 1) + 1) * 127.5).max() <= 0.501


def test_minus_one_is_black_and_colour_goes_last():
    ramp = np.array([-1.2, -1, 0.004, 1, 1.2, 0.5], np.float32).reshape(1, 3, 1, 2)
    assert to_uint8(ramp).tolist() == [[[[0, 128, 255], [0, 255, 191]]]]


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 9)), max_size=12), st.integers(1, 7))
@settings(max_examples=40, deadline=None, suppress_health_check=SAME_FILE)
def test_same_seed_same_bytes_whatever_count_and_batch(conditional, asked, batch):
    generator = Generator(conditional, "cpu")
    seeds, labels = [seed for seed, _ in asked], [label for _, label in asked]
    images = generator.sample(labels, seeds, batch)
    assert images.shape == (len(asked), 4, 5, 1)
    for image, seed, label in zip(images, seeds, labels, strict=True):
        assert np.array_equal(image, generator.sample([label], [seed])[0])


def test_seed_and_label_both_matter(conditional):
    images = Generator(conditional, "cpu").sample([1, 2, 1], [0, 0, 1])
    assert not np.array_equal(images[0], images[1])
    assert not np.array_equal(images[0], images[2])


def test_batches_are_of_the_size_asked_for(unconditional):
    generator = Generator(unconditional, "cpu", threads=1)
    batches = list(generator.batches(None, range(7), batch=3))
    assert [len(batch) for batch in batches] == [3, 3, 1]
    assert np.array_equal(np.concatenate(batches), generator.sample(None, np.arange(7)))


@pytest.mark.parametrize("threads", [2, 3, 7])
def test_threads_share_the_work_and_give_the_same_bytes(conditional, threads):
    labels, seeds = np.arange(100) % 10, range(100)
    alone = Generator(conditional, "cpu", threads=1).sample(labels, seeds, batch=100)
    generator = Generator(conditional, "cpu", threads)
    whole, runs = generator._session, []
    generator._session = SimpleNamespace(
        run=lambda *asked: runs.append(len(asked[1]["z"])) or whole.run(*asked)
    )
    assert np.array_equal(generator.sample(labels, seeds, batch=100), alone)
    assert sorted(runs) == [4, *[16] * 6]


def test_a_gpu_always_gets_the_same_batch_size(conditional, monkeypatch):
    generator = Generator(conditional, "cpu")
    expected = generator.sample([1, 2, 3], [4, 5, 6])
    monkeypatch.setattr(generator, "device", "cuda")
    sizes, compute = [], generator.compute
    monkeypatch.setattr(
        generator, "compute", lambda inputs: sizes.append(len(inputs["z"])) or compute(inputs)
    )
    assert np.array_equal(generator.sample([1, 2, 3], [4, 5, 6], batch=2), expected)
    assert sizes == [2, 2]


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        (None, "no labels: .*0 to 9"),
        ([10, 0], "label 10: .*0 to 9"),
        ([0, -1], "label -1: .*0 to 9"),
        ([1], r"int64 \[1\] for 2 pictures"),
        ([0.0, 1.0], r"float64 \[2\]"),
        ([True, False], r"bool \[2\]"),
        (np.array([2**64 - 1, 0], np.uint64), "label 18446744073709551615"),
    ],
)
def test_labels_are_checked_before_the_graph(conditional, labels, told):
    with pytest.raises(InferenceError, match=told):
        Generator(conditional, "cpu").sample(labels, [0, 1])


def test_an_unconditional_model_refuses_labels(unconditional):
    with pytest.raises(InferenceError, match="plain was trained without labels"):
        Generator(unconditional, "cpu").sample([0], [0])


@pytest.mark.parametrize("z", [np.zeros((2, 5), np.float32), np.zeros((2, 6)), np.zeros(6, np.float32)])
def test_a_wrong_z_is_told_the_right_one(conditional, z):
    with pytest.raises(InferenceError, match=r"say float32 \[N, 6\]"):
        Generator(conditional, "cpu").run(z, [0, 0])


def test_values_that_are_not_numbers_are_no_picture(make_model):
    generator = Generator(make_model(graph={"gain": float("nan")}), "cpu")
    with pytest.raises(InferenceError, match="not numbers"):
        generator.sample([0], [0])


# The file


def test_what_is_no_model_file(tmp_path):
    (tmp_path / "empty.onnx").touch()
    for path, told in [
        (tmp_path / "none.onnx", "no such file"),
        (tmp_path, "a folder"),
        (tmp_path / "empty.onnx", "0 bytes"),
        (tmp_path / "empty.onnx" / "x.onnx", "no such file"),
        (tmp_path / ("x" * 300), "File name too long"),
        ("/dev/zero", "not a regular file"),
    ]:
        with pytest.raises(InferenceError, match=told):
            Generator(path)


@pytest.mark.parametrize(
    "content", [b"<!DOCTYPE html>", b"\x89PNG\r\n\x1a\n", b"PK\x03\x04", b"\0\0\0\0ORTM"]
)
def test_another_kind_of_file_is_called_so(tmp_path, content):
    path = tmp_path / "x.onnx"
    path.write_bytes(content * 20)
    with pytest.raises(InferenceError, match="not an ONNX file"):
        Generator(path, "cpu")


def test_a_file_cut_short_is_called_damaged(conditional):
    conditional.write_bytes(conditional.read_bytes()[:-700])
    with pytest.raises(InferenceError, match="damaged"):
        Generator(conditional, "cpu")


@pytest.mark.parametrize("folder", [".", "elsewhere"])
def test_weights_in_another_file_are_never_read(conditional, tmp_path, monkeypatch, folder):
    (tmp_path / "elsewhere").mkdir()
    model = onnx.load(conditional)
    onnx.save(
        model,
        conditional,
        save_as_external_data=True,
        location="weights.bin",
        size_threshold=0,
        convert_attribute=True,
    )
    monkeypatch.chdir(tmp_path / folder)
    with pytest.raises(InferenceError, match="weights in another file"):
        Generator(conditional, "cpu")


def test_padded_numbers_do_not_hide_another_file():
    key = b"location"
    for tag in (b"\x0a", b"\x8a\x00", b"\x8a\x80\x80\x00"):
        for length in (b"\x08", b"\x88\x00", b"\x88\x80\x00"):
            encoded = tag + length + key
            assert onnx.StringStringEntryProto.FromString(encoded).key == "location"
            assert session.EXTERNAL_DATA.search(b"..." + encoded)


def test_the_word_location_alone_is_harmless(make_model):
    path = make_model(classes=["location", "a location"], metadata={"dataset": "location"})
    assert Generator(path, "cpu").description.classes[0] == "location"


@given(st.one_of(st.binary(max_size=300), st.binary(max_size=60).map(lambda tail: b"\x08\x08" + tail)))
@settings(max_examples=60, deadline=None, suppress_health_check=SAME_FILE)
def test_any_bytes_are_refused_in_one_line(tmp_path, content):
    path = tmp_path / "fuzz.onnx"
    path.write_bytes(content)
    with pytest.raises(InferenceError) as caught:
        Generator(path, "cpu")
    assert str(caught.value).isprintable()


@given(st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=SAME_FILE)
def test_a_damaged_model_works_or_is_refused(conditional, tmp_path, data):
    model = bytearray(conditional.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        model[data.draw(st.integers(0, len(model) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "damaged.onnx"
    path.write_bytes(model)
    problem = ""
    try:
        assert Generator(path, "cpu").sample([1], [0]).shape == (1, 4, 5, 1)
    except InferenceError as error:
        problem = str(error)
    assert problem.isprintable()


# The device


def test_an_unknown_device_is_told_the_known_ones(conditional):
    with pytest.raises(InferenceError, match="device 'tpu': say auto, cpu or cuda"):
        Generator(conditional, "tpu")


@pytest.fixture
def gpu_build(monkeypatch):
    """Make ONNX Runtime list CUDA as its GPU build does, on any machine."""
    monkeypatch.setattr(
        onnxruntime, "get_available_providers", lambda: ["CUDAExecutionProvider", "CPUExecutionProvider"]
    )


def test_auto_is_the_cpu_where_the_build_has_no_cuda(conditional, monkeypatch, capfd):
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CPUExecutionProvider"])
    assert Generator(conditional).device == "cpu"
    assert capfd.readouterr() == ("", "")
    with pytest.raises(InferenceError, match="device cuda: this ONNX Runtime has no CUDA"):
        Generator(conditional, "cuda")


def test_auto_is_the_cpu_where_the_driver_counts_nothing(conditional, monkeypatch, gpu_build, capfd):
    monkeypatch.setattr(session, "cuda_devices", lambda: 0)
    assert Generator(conditional).device == "cpu"
    assert capfd.readouterr() == ("", "")
    with pytest.raises(InferenceError, match="device cuda: the NVIDIA driver counts no device"):
        Generator(conditional, "cuda")


@pytest.mark.skipif(
    "CUDAExecutionProvider" in onnxruntime.get_available_providers(), reason="CUDA would start"
)
@pytest.mark.filterwarnings("ignore:Specified provider")
def test_cuda_that_does_not_start_is_found_out(conditional, monkeypatch, gpu_build, capfd):
    monkeypatch.setattr(session, "cuda_devices", lambda: 1)
    assert Generator(conditional, "auto").device == "cpu"
    assert capfd.readouterr() == ("", "")
    with pytest.raises(InferenceError, match="device cuda: ONNX Runtime can't start it"):
        Generator(conditional, "cuda")


def test_devices_are_counted_by_the_driver(monkeypatch):
    class Driver:
        def __init__(self, name):
            pass

        def cuInit(self, flags):  # noqa: N802 - the driver's name
            return self.status

        def cuDeviceGetCount(self, pointer):  # noqa: N802 - the driver's name
            pointer._obj.value = 2
            return 0

    monkeypatch.setattr(session.ctypes, "CDLL", Driver)
    for Driver.status, count in [(0, 2), (100, 0)]:  # 100: CUDA_ERROR_NO_DEVICE
        assert session.cuda_devices() == count

    def no_library(name):
        raise OSError(f"{name}: cannot open shared object file")

    monkeypatch.setattr(session.ctypes, "CDLL", no_library)
    assert session.cuda_devices() == 0


@pytest.mark.parametrize(
    ("packages", "both"),
    [
        (["onnxruntime-1.30.0"], False),
        (["onnxruntime_gpu-1.30.0"], False),
        (["onnxruntime-1.30.0", "onnxruntime_extensions-0.14.0"], False),
        (["onnxruntime-1.30.0", "onnxruntime_gpu-1.29.0"], True),
    ],
)
def test_two_builds_in_one_place_are_noticed(tmp_path, monkeypatch, packages, both):
    for package in packages:
        (tmp_path / f"{package}.dist-info").mkdir()
    monkeypatch.setattr(onnxruntime, "__file__", str(tmp_path / "onnxruntime" / "__init__.py"))
    assert session.both_runtimes_installed() is both
