"""gan-infer invert: pictures in, latents and what they make out; and the way back from a latent."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.inference import Generator
from pipeline.inference.output.pictures import save, sheet
from pipeline.kinds.shared.noise import latent
from tests.inference.conftest import DIGITS, Z_DIM
from tests.inference.searches import put_search

GREY = (1, 4, 5)


@pytest.fixture
def generator(conditional):
    put_search(conditional, DIGITS, GREY, "normal")
    return Generator(conditional)


@pytest.fixture
def folder(generator, tmp_path):
    """A 3 and a 7 of the generator's own."""
    images = generator.sample([3, 7], [5, 6])
    for name, image in zip("ab", images, strict=True):
        save(sheet(image[None], 1, 1), tmp_path / "own" / f"{name}.png")
    return tmp_path / "own"


def pixels(path):
    return np.asarray(Image.open(path))


def test_a_folder_is_drawn_beside_what_was_found_and_its_latents_are_kept(gan_infer, generator, folder):
    path, options = generator.path, ("--steps", "200", "--out", "found.png")
    code, out, lines = gan_infer("invert", path, "--image", folder, *options)
    assert (code, len(lines)) == (0, 1)
    assert lines[0].startswith("wrote found.png and found.npy after ")
    table = [line.split() for line in out.decode().splitlines()]
    assert table[0] == ["file", "label", "error"]
    assert [(Path(row[0]).name, row[1]) for row in table[1:]] == [("a.png", "3"), ("b.png", "7")]
    z = np.load("found.npy")
    assert (z.dtype, z.shape) == (np.float32, (2, Z_DIM))
    made = generator.pixels(generator.run(z, [3, 7]))[..., 0]
    given = np.stack([pixels(folder / f"{name}.png") for name in "ab"])
    assert np.array_equal(pixels("found.png"), np.concatenate([given, made], 2).reshape(8, 10))
    errors = np.square((made / 127.5 - given / 127.5).astype(float)).mean((1, 2))
    np.testing.assert_allclose([float(row[2]) for row in table[1:]], errors, atol=1e-3)


def test_a_latent_that_was_found_is_drawn_again(gan_infer, generator, folder):
    gan_infer("invert", generator.path, "--image", folder, "--steps", "100", "--out", "found.png")
    assert gan_infer(generator.path, "--digits", "37", "--field", "z=found.npy", "--out", "again/")[0] == 0
    drawn = [pixels(path) for path in sorted(Path("again").iterdir())]
    assert np.array_equal(np.concatenate(drawn), pixels("found.png")[:, 5:])
    one = gan_infer(generator.path, "--digit", "3", "--field", "z=none.npy")
    assert one[2] == ["gan-infer: --field z=none.npy: none.npy: no such file"]


def test_json_tells_all(gan_infer, generator, folder):
    ask = ("--image", folder / "a.png", "--digit", "3", "--steps", "50", "--json")
    code, out, _ = gan_infer("invert", generator.path, *ask)
    said = json.loads(out)
    assert code == 0
    assert said["model"] == "tiny"
    assert (said["picture"], said["latents"]) == ("tiny-inverted.png", "tiny-inverted.npy")
    assert said["seconds"] > 0
    (row,) = said["pictures"]
    assert (row["file"], row["label"]) == (str(folder / "a.png"), "3")
    assert 0 < row["error"] < 1


def test_a_mask_says_what_counts_and_greys_the_rest(gan_infer, generator, folder):
    covered = np.full((4, 5), 255, np.uint8)
    covered[:, 3:] = 0
    Image.fromarray(covered).save("hole.png")
    spoilt = pixels(folder / "a.png").copy()
    spoilt[:, 3:] = 0
    Image.fromarray(spoilt).save("spoilt.png")
    ask = ("--image", "spoilt.png", "--digit", "3", "--steps", "400", "--out", "found.png")
    gan_infer("invert", generator.path, *ask, "--mask", "hole.png")
    left, right = np.split(pixels("found.png").astype(int), 2, axis=1)
    assert np.array_equal(left[:, :3], spoilt[:, :3])
    assert (left[:, 3:] == 128).all()
    assert np.abs(right - pixels(folder / "a.png")).max() < 20
    gan_infer("invert", generator.path, *ask, "--force")
    assert np.abs(pixels("found.png")[:, 5:].astype(int) - pixels(folder / "a.png")).max() > 40


def test_the_options_reach_the_search(gan_infer, generator, folder):
    found = {}
    for name, options in {
        "many": (),
        "one": ("--starts", "1"),
        "other": ("--starts", "1", "--seed", "1"),
    }.items():
        out = ("--digit", "3", "--steps", "0", "--out", f"{name}.png", *options)
        gan_infer("invert", generator.path, "--image", folder / "a.png", *out)
        found[name] = np.load(f"{name}.npy").tolist()
    assert found["one"] != found["other"]
    drawn = latent([0], 33 * Z_DIM, "normal")[0, Z_DIM:]  # after those of the pictures
    assert found["one"] == [drawn[:Z_DIM].tolist()]
    assert found["many"][0] in drawn.reshape(-1, Z_DIM).tolist()


def test_what_cannot_be_done_is_one_line_and_nothing_is_written(gan_infer, generator, folder, make_model):
    path, ask = generator.path, ("--image", folder / "a.png", "--steps", "1")
    assert gan_infer("invert", path)[2] == ["gan-infer: --image is missing: a picture, or a folder of them"]
    assert "end it in .png" in gan_infer("invert", path, *ask, "--out", "x.npy")[2][0]
    assert "0 starts" in gan_infer("invert", path, *ask, "--starts", "0")[2][0]
    assert "say 0 to 9" in gan_infer("invert", path, *ask, "--digit", "x")[2][0]
    assert "hole.png: no such file" in gan_infer("invert", path, *ask, "--mask", "hole.png")[2][0]
    other = make_model("other.onnx")
    code, _, lines = gan_infer("invert", other, *ask)
    assert code == 2
    assert len(lines) == 1
    assert lines[0].startswith(f"gan-infer: {other}: has no other.parts/search.onnx beside it")
    assert list(Path().iterdir()) == []
    Path("x.npy").write_text("kept")
    assert "x.npy already exists" in gan_infer("invert", path, *ask, "--out", "x.png")[2][0]
    assert [file.name for file in Path().iterdir()] == ["x.npy"]
