import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageSequence

from pipeline.inference import Generator
from pipeline.inference.contract.walks import CANDIDATES, interpolate, slerp, sweep
from pipeline.kinds.image import to_uint8
from pipeline.kinds.shared.noise import latent


def pixels(path):
    return np.asarray(Image.open(path))


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(2, 12))
@settings(max_examples=60, deadline=None)
def test_slerp_is_an_arc(first_seed, last_seed, steps):
    first, last = latent([first_seed, last_seed], 50, "normal")
    path = slerp(first, last, steps)
    assert path.dtype == np.float32
    np.testing.assert_allclose(path[[0, -1]], [first, last], atol=1e-5)
    lengths = np.linalg.norm(path, axis=1)
    ends = lengths[[0, -1]]
    assert lengths.min() > 0.95 * ends.min()  # a straight line falls to 0.7
    assert lengths.max() < 1.05 * ends.max()
    units = slerp(first / ends[0], last / ends[-1], steps)
    angles = np.arccos(np.clip((units[:-1] * units[1:]).sum(1), -1, 1))
    np.testing.assert_allclose(angles, angles.mean(), atol=2e-3)  # equal steps


@pytest.mark.parametrize("factor", [-2.0, 0.0, 1.0, 3.0])
def test_slerp_along_one_line_is_straight(factor):
    first = np.array([1, 2], np.float32)
    expected = np.linspace(1, factor, 5)[:, None] * first
    np.testing.assert_allclose(slerp(first, factor * first, 5), expected, atol=1e-6)


def test_between_seeds_the_ends_are_those_of_the_seeds(conditional, unconditional):
    tiny, plain = Generator(conditional), Generator(unconditional)
    walk = interpolate(tiny, (3, 9), (5, 5), 6)
    assert np.array_equal(walk[[0, -1]], tiny.sample([5, 5], [3, 9]))
    assert len(np.unique(walk.reshape(6, -1), axis=0)) == 6
    assert np.array_equal(interpolate(plain, (0, 1), (None, None), 2), plain.sample(None, [0, 1]))


def test_uniform_latents_stay_in_their_range(unconditional, monkeypatch):
    plain = Generator(unconditional)
    seen, run = [], plain.run
    monkeypatch.setattr(plain, "run", lambda z, *rest: seen.append(z) or run(z, *rest))
    interpolate(plain, (0, 1), (None, None), 9)
    sweep(plain, 0, 5, None, 3)
    assert min(z.min() for z in seen) >= 0
    assert max(z.max() for z in seen) < 1
    middle = latent([0, 1], 6, "uniform").mean(0)
    np.testing.assert_allclose(seen[0][4], middle, atol=1e-6)


@pytest.mark.parametrize("steps", [2, 7])
def test_between_classes_the_class_changes_where_they_look_alike(conditional, steps):
    tiny = Generator(conditional)
    walk = interpolate(tiny, (3, 9), (2, 7), steps)
    assert walk.shape == (steps, 4, 5, 1)
    assert np.array_equal(walk[-1], tiny.sample([7], [9])[0])
    z = latent(range(CANDIDATES), 6, "normal")
    first, last = (tiny.run(z, np.full(len(z), label)) for label in (2, 7))
    alike = np.square(first - last).mean((1, 2, 3)).argmin()
    assert np.array_equal(walk[0], tiny.sample([2], [3])[0])
    half = steps - steps // 2
    if half > 1:
        assert np.array_equal(walk[half - 1], to_uint8(first[alike : alike + 1])[0])
        assert np.array_equal(walk[half], to_uint8(last[alike : alike + 1])[0])


def test_sweep_moves_one_dimension(conditional, monkeypatch):
    tiny = Generator(conditional)
    seen, run = [], tiny.run
    monkeypatch.setattr(tiny, "run", lambda z, *rest: seen.append(z) or run(z, *rest))
    sweep(tiny, 4, 2, 1, 5)
    (z,) = seen
    assert z[:, 2].tolist() == [-3, -1.5, 0, 1.5, 3]
    others = np.delete(latent([4], 6, "normal"), 2, axis=1)
    assert np.array_equal(np.delete(z, 2, axis=1), others.repeat(5, 0))


# As commands


def test_a_strip_has_a_step_a_column_and_a_class_a_row(gan_infer, conditional):
    assert gan_infer("interpolate", conditional, "--steps", 4)[2] == ["wrote tiny-walk.png"]
    strip = pixels("tiny-walk.png")
    assert strip.shape == (10 * 4, 4 * 5)
    assert np.array_equal(
        strip[:, -5:].reshape(10, 4, 5), Generator(conditional).sample(range(10), [1] * 10)[..., 0]
    )


def test_the_names_say_what_is_in_them(gan_infer, conditional, unconditional):
    assert gan_infer("interpolate", conditional, "--digit", 3)[2] == ["wrote digit-3-walk.png"]
    assert gan_infer("interpolate", conditional, "--digit", 3, "--to-digit", 8)[2] == [
        "wrote digit-3-to-8.png"
    ]
    assert gan_infer("sweep", conditional, "--digit", 3)[2] == ["wrote digit-3-dimension-0.png"]
    assert gan_infer("sweep", unconditional, "--dimension", 5)[2] == ["wrote plain-dimension-5.png"]
    assert gan_infer("grid", conditional)[2] == ["wrote tiny-grid.png"]


@pytest.mark.parametrize("ending", ["gif", "webp"])
def test_an_animation_goes_there_and_back(gan_infer, conditional, ending):
    out = f"walk.{ending}"
    gan_infer("interpolate", conditional, "--digit", 3, "--steps", 4, "--scale", 2, "--out", out)
    walk = interpolate(Generator(conditional), (0, 1), (3, 3), 4)[[0, 1, 2, 3, 2, 1], :, :, 0]
    animation = Image.open(out)
    frames = [np.asarray(frame.convert("L")) for frame in ImageSequence.Iterator(animation)]
    assert np.array_equal(frames, walk.repeat(2, 1).repeat(2, 2))
    assert animation.info["loop"] == 0


def test_an_animation_without_a_digit_has_every_class_in_each_frame(gan_infer, conditional):
    gan_infer("sweep", conditional, "--steps", 3, "--out", "all.webp")
    animation = Image.open("all.webp")
    assert (animation.size, animation.n_frames) == ((50, 4), 4)


def test_a_strip_goes_to_stdout_and_to_the_terminal(gan_infer, conditional):
    _, out, lines = gan_infer("sweep", conditional, "--digit", 1, "--out", "-")
    assert (out[:4], lines) == (b"\x89PNG", [])
    _, out, lines = gan_infer("sweep", conditional, "--digit", 1, "--steps", 2, "--show")
    assert (out.decode().count("▀"), lines) == (20, [])


def test_grid_has_a_latent_a_row_and_a_class_a_column(gan_infer, conditional):
    gan_infer("grid", conditional, "--rows", 3, "--seed", 7)
    generator = Generator(conditional)
    rows = [generator.sample(range(10), [seed] * 10) for seed in (7, 8, 9)]
    expected = np.concatenate([np.concatenate(list(row[..., 0]), axis=1) for row in rows])
    assert np.array_equal(pixels("tiny-grid.png"), expected)


LINES = {
    "one step": (["interpolate", "MODEL", "--steps", 1], "--steps 1: say 2 to 1000"),
    "many steps": (["sweep", "MODEL", "--steps", 10**9], "--steps 1000000000: say 2 to 1000"),
    "digit": (["interpolate", "MODEL", "--digit", 3, "--to-digit", 12], "'12' is no class of tiny"),
    "no classes": (["interpolate", "PLAIN", "--to-digit", 1], "plain (gan) was trained without labels"),
    "rows": (["grid", "MODEL", "--rows", 0], "--rows 0: say 1 to 10000"),
    "dimension": (["sweep", "MODEL", "--dimension", 6], "--dimension 6: tiny has 0 to 5"),
    "ending": (["sweep", "MODEL", "--out", "x.bmp"], "end it in .png or .jpg for a strip, in .gif or .webp"),
    "show": (["sweep", "MODEL", "--show", "--out", "x.gif"], "--show: is for one picture or no file"),
    "large": (["sweep", "MODEL", "--scale", 9999, "--out", "x.gif"], "pixels is too large"),
    "seed": (["interpolate", "MODEL", "--to-seed", -4], "seed -4: a seed is a whole number from 0"),
}


@pytest.mark.parametrize(("arguments", "told"), LINES.values(), ids=LINES.keys())
def test_one_line_and_exit_code_2(gan_infer, conditional, unconditional, arguments, told):
    paths = {"MODEL": conditional, "PLAIN": unconditional}
    code, out, lines = gan_infer(*(paths.get(argument, argument) for argument in arguments))
    assert (code, out, len(lines)) == (2, b"", 1)
    assert told in lines[0]
