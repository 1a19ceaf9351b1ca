"""Images made coarse to fine beside the same kind of network at full size from the start, for equal seconds.

    python -m benchmarks.coarse_to_fine FOLDER [VARIANT ...] [--seconds 300]

What `benchmarks.equal_seconds` says of seconds, FOLDER and judges holds here; both keep their rows in the
same FOLDER. LAPGAN's last level is also given real images of half the size, those set aside, and held against
bicubic interpolation; a picture of the variant's name shows it.
"""

import argparse
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate

from benchmarks.equal_seconds import NARROWER, RESULTS, SEED, Row, Scorer, measured, remembered
from benchmarks.loops import preset
from benchmarks.runs import ROOT, Changes, Instead
from pipeline import plots
from pipeline.data.prepared import Prepared
from pipeline.pixels import to_float, to_uint8
from pipeline.places import prepared_dir
from pipeline.scoring.candidates import Images
from pipeline.streams import stream
from pipeline.systems.lapgan import Pyramid
from pipeline.training.state import TrainingState

ADAM = {"lr": 2.0e-4, "betas": [0.5, 0.999]}
VARIANTS: dict[str, tuple[str, Changes]] = {
    "lapgan-mnist": ("lapgan-mnist", NARROWER["lapgan-mnist"]),
    "lapgan-mnist, all levels alike": ("lapgan-mnist", {"model": {"width": 16, "finer_every": 1}}),
    "lapgan-mnist, one level": (
        "lapgan-mnist",
        {
            "model": {"levels": 1},
            "train": {"players": Instead(generator_1=ADAM, discriminator_1=ADAM)},
        },
    ),
    "progressive-mnist": ("progressive-mnist", NARROWER["progressive-mnist"]),
    "progressive-mnist, all open": (
        "progressive-mnist",
        {"model": NARROWER["progressive-mnist"]["model"] | {"growing": 0.0}},
    ),
}
LEVELLED = ("lapgan-mnist", "lapgan-mnist, all levels alike")  # those that have a last level of their own
COLUMNS = ("judge-FID", "dense-FID", "precision", "recall", "coverage")
SHOWN, AT_ONCE = 20, 500  # images on the sheet, and those that are enlarged at once


def main() -> None:
    """Measure what is not measured yet, and print a row of each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="where results, files and the sheet go")
    parser.add_argument("variants", nargs="*", metavar="VARIANT", help=f"of {', '.join(VARIANTS)}")
    parser.add_argument("--seconds", type=float, default=300.0, help="of training, of one thread, for each")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    folder = chosen.folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    scorer = Scorer(Prepared.open(ROOT / prepared_dir(preset("cdcgan").data)))
    print(f"| system | steps | seconds | {' | '.join(COLUMNS)} |\n|---|{'---:|' * (2 + len(COLUMNS))}")
    for name in chosen.variants or VARIANTS:
        based_on, changes = VARIANTS[name]
        file = folder / f"{name.replace(', ', '-').replace(' ', '-')}-{chosen.seconds:g}s.onnx"
        more = {}
        if name in LEVELLED:
            more["also"] = partial(enlarged, scorer=scorer, sheet=file.with_suffix(".png"))
        measure = partial(measured, file, based_on, chosen.seconds, scorer, changes, **more)
        row = remembered(folder / RESULTS, name, chosen.seconds, measure)
        cells = [f"{row['steps']:,}", f"{row['seconds']:.0f}", *(f"{row[column]:.3f}" for column in COLUMNS)]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)
        for words, figures in row.get("from half size", {}).items():
            cells = ["-", "-", *(f"{figures[column]:.3f}" for column in COLUMNS)]
            print(f"| half size, {words} | {' | '.join(cells)} |", flush=True)


def enlarged(state: TrainingState, *, scorer: Scorer, sheet: Path) -> Row:
    """Scores of real images of half the size, enlarged by the last level and otherwise, and a sheet."""
    real = to_float(torch.from_numpy(np.ascontiguousarray(scorer.aside.images)))
    halves = avg_pool2d(real, 2)
    ways = {
        "nearest": interpolate(halves, scale_factor=2),
        "bicubic": interpolate(halves, scale_factor=2, mode="bicubic"),
        "last level": refined(state.shipped["generator"], halves),
    }
    images = {words: to_uint8(one.clamp(-1, 1)).numpy() for words, one in ways.items()}
    shown = [one[:SHOWN] for one in (*images.values(), scorer.aside.images)]
    plots.save(plots.grid(np.concatenate(shown), SHOWN, scale=2), sheet)
    scores = {words: scorer.of_images(Images(one, scorer.aside.labels)) for words, one in images.items()}
    return {"from half size": scores}


@torch.no_grad()
def refined(pyramid: Pyramid, halves: Tensor) -> Tensor:
    """What the last level makes of images [N, C, size / 2, size / 2]."""
    size, last = pyramid.sizes[-1], len(pyramid.sizes) - 1
    noise = torch.randn(len(halves), 1, size, size, generator=stream(SEED, "noise of the last level"))
    parts = zip(noise.split(AT_ONCE), halves.split(AT_ONCE), strict=True)
    return torch.cat([pyramid.eval().at(last, one, image) for one, image in parts])


if __name__ == "__main__":
    main()
