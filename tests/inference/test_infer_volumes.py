"""A generator of volumes on the command line: pictures, a turntable, arrays, meshes and .vox files."""

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from pipeline.fields import Field, latent
from pipeline.inference import cli
from pipeline.inference.contract import format_2
from pipeline.inference.output.volumes import FRAMES, surface, write_obj, write_vox
from pipeline.kinds.shared.rays import PICTURE, rendered
from tests.inference.conftest import metadata_of

SIDE = 4


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """voxels = reshape(sigmoid(z W))."""
    numbers = SIDE**3
    weight = np.random.default_rng(0).normal(0, 2, (6, numbers)).astype(np.float32)
    nodes = [
        helper.make_node("MatMul", ["z", "w"], ["hidden"]),
        helper.make_node("Sigmoid", ["hidden"], ["flat"]),
        helper.make_node("Reshape", ["flat", "shape"], ["voxels"]),
    ]
    constants = [
        numpy_helper.from_array(weight, "w"),
        numpy_helper.from_array(np.array([0, 1, SIDE, SIDE, SIDE], np.int64), "shape"),
    ]
    sides = [
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", *shape])]
        for name, shape in (("z", [6]), ("voxels", [1, SIDE, SIDE, SIDE]))
    ]
    graph = helper.make_graph(nodes, "volumes", *sides, constants)
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    field = Field("voxels", (1, SIDE, SIDE, SIDE), {"of": "images", "range": [0, 1]})
    said = {"fields": format_2.text({"z": latent(6, "normal")}, {"voxels": field})}
    about = metadata_of([], (1, 1, 1)) | {"format": format_2.FORMAT, "dataset": "voxels"} | said
    helper.set_model_props(proto, about)
    onnx.save(proto, tmp_path / "tiny.onnx")
    return tmp_path / "tiny.onnx"


@pytest.fixture
def infer(
    model: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str]]:
    monkeypatch.chdir(model.parent)

    def run(*arguments: str) -> tuple[int, str]:
        with pytest.raises(SystemExit) as left:
            cli.main(["tiny.onnx", *arguments])
        return int(left.value.code or 0), capfd.readouterr().err

    return run


def test_the_files_of_a_seed_hold_one_volume(infer: Callable[..., tuple[int, str]]) -> None:
    for ending in ("npy", "png", "gif", "obj", "vox"):
        assert infer("--seed", "7", "--out", f"x.{ending}") == (0, f"wrote x.{ending}\n")
    (volume,) = np.load("x.npy")
    assert (volume.dtype, volume.shape) == (np.uint8, (SIDE,) * 3)
    assert set(np.unique(volume)) == {0, 1}
    still = np.asarray(Image.open("x.png"))
    assert np.array_equal(still, rendered(volume[None] > 0)[0])
    with Image.open("x.gif") as turntable:
        assert (turntable.n_frames, turntable.size) == (FRAMES, (PICTURE, PICTURE))
        assert np.abs(np.asarray(turntable.convert("L")).astype(int) - still).max() <= 4
    count = struct.unpack("<i", Path("x.vox").read_bytes()[56:60])[0]
    assert count == volume.sum()
    assert Path("x.obj").read_text().count("\nf ") == len(surface(volume > 0)[1])


def test_several_volumes_are_a_sheet_an_array_or_a_file_each(infer: Callable[..., tuple[int, str]]) -> None:
    assert infer("--count", "3", "--columns", "2", "--out", "x.png")[0] == 0
    assert Image.open("x.png").size == (2 * PICTURE, 2 * PICTURE)
    assert infer("--count", "3", "--columns", "2", "--scale", "2", "--out", "x.gif")[0] == 0
    assert Image.open("x.gif").size == (4 * PICTURE, 4 * PICTURE)
    assert infer("--count", "3", "--out", "x.npz")[0] == 0
    with np.load("x.npz") as archive:
        assert archive["images"].shape == (3, SIDE, SIDE, SIDE)
    assert infer("--count", "2", "--out", "all/{seed}.vox") == (
        0,
        "wrote all/0.vox to all/1.vox, 2 pictures\n",
    )
    assert infer("--seed", "1", "--out", "one.vox")[0] == 0
    assert Path("one.vox").read_bytes() == Path("all/1.vox").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--count", "2", "--out", "x.obj"), "x.obj: holds one volume, and 2 are asked for; put {seed} or"),
        (("--scale", "2", "--out", "x.vox"), "--scale 2: is for pictures; x.vox holds voxels"),
        (("--show", "--out", "x.gif"), "--show: is for one picture or no file"),
        (("--out", "x.stl"), "volumes also in .gif, .obj or .vox"),
        (("--count", "2", "--out", "{seed}.stl"), "end it in .png"),
    ],
)
def test_what_a_volume_can_not_be_is_refused(
    infer: Callable[..., tuple[int, str]], arguments: tuple[str, ...], told: str
) -> None:
    code, error = infer(*arguments)
    assert (code, error.count("\n")) == (2, 1)
    assert told in error
    assert {path.name for path in Path().iterdir()} == {"tiny.onnx"}


def test_grid_walk_and_verify_take_volumes(
    infer: Callable[..., tuple[int, str]], capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        cli.main(["interpolate", "tiny.onnx", "--steps", "3", "--out", "walk.png"])
    assert left.value.code in (None, 0)
    assert Image.open("walk.png").size == (3 * PICTURE, PICTURE)
    with pytest.raises(SystemExit):
        cli.main(["verify", "tiny.onnx"])
    assert "the same pictures, within [0, 1]" in capfd.readouterr().out


@pytest.mark.parametrize(
    "command", [["invert"], ["inpaint", "--mask", "x.png"], ["edit", "--attribute", "slant=1"]]
)
def test_no_latent_is_sought_for_a_picture(
    infer: Callable[..., tuple[int, str]], capfd: pytest.CaptureFixture[str], command: list[str]
) -> None:
    Image.new("L", (SIDE, SIDE)).save("x.png")
    with pytest.raises(SystemExit) as left:
        cli.main([command[0], "tiny.onnx", "--image", "x.png", *command[1:]])
    assert left.value.code == 2
    assert "tiny (gan) gives voxels (voxels): only pictures can be found\n" in capfd.readouterr().err


def test_the_surface_of_two_neighbours_is_ten_squares_that_share_corners_and_close_it() -> None:
    volume = np.zeros((3, 3, 3), bool)
    volume[1, 1, :2] = True
    corners, squares = surface(volume)
    assert (len(corners), len(squares)) == (12, 10)
    assert len(np.unique(corners, axis=0)) == 12
    edges = np.sort(np.stack([squares, np.roll(squares, -1, 1)], 2).reshape(-1, 2), axis=1)
    _, shared = np.unique(edges, axis=0, return_counts=True)
    assert set(shared) == {2}  # closed


def test_a_mesh_stands_upright_with_faces_that_go_round_to_the_left(tmp_path: Path) -> None:
    volume = np.zeros((2, 2, 2), bool)
    volume[0, 0, 1] = True  # in front, on top, on the right
    write_obj(volume, tmp_path / "x.obj")
    lines = (tmp_path / "x.obj").read_text().splitlines()
    corners = np.array([line.split()[1:] for line in lines if line.startswith("v ")], float)
    squares = np.array([line.split()[1:] for line in lines if line.startswith("f ")], int) - 1
    assert corners.min(0).tolist() == [1, 1, -1]
    assert corners.max(0).tolist() == [2, 2, 0]
    for square in corners[squares]:
        normal = np.cross(square[1] - square[0], square[2] - square[1])
        assert normal @ (square.mean(0) - corners.mean(0)) > 0


def test_a_vox_file_is_as_its_format_says(tmp_path: Path) -> None:
    volume = np.zeros((4, 3, 5), bool)
    volume[1, 0, 4] = volume[3, 2, 0] = True
    write_vox(volume, tmp_path / "x.vox")
    data = (tmp_path / "x.vox").read_bytes()
    assert data[:8] == b"VOX " + struct.pack("<i", 150)
    assert data[8:20] == b"MAIN" + struct.pack("<2i", 0, len(data) - 20)
    assert data[20:44] == b"SIZE" + struct.pack("<5i", 12, 0, 5, 4, 3)
    assert data[44:60] == b"XYZI" + struct.pack("<3i", 12, 0, 2)
    assert np.frombuffer(data[60:], np.uint8).reshape(-1, 4).tolist() == [[4, 1, 2, 1], [0, 3, 0, 1]]
