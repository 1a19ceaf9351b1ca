"""Three ways in which a GAN fails, what the monitor says of each, and what cures it.

    python -m benchmarks.failures docs/pictures/failures

Trains each preset of presets/failures/ on MNIST as it is and with its cure, prints what the monitor said, and
leaves a picture of each: samples of the failure on the left, of the cure on the right. Needs
data/prepared/mnist-28, which `dvc repro preprocess` makes of any preset at that size.
"""

import sys
from pathlib import Path

from PIL import Image

from benchmarks.runs import Changes, own_project, rows_of, told
from pipeline import plots
from pipeline.errors import RunError
from pipeline.places import models_dir
from stages import train

CURES: dict[str, Changes] = {
    "vanishing-gradients": {"stabilisers": {"instance_noise": 1.0}},
    "mode-collapse": {"objective": {"penalty": {"name": "r1", "weight": 10.0, "every": 1}}},
    "non-convergence": {"objective": {"penalty": {"name": "gradient", "weight": 10.0, "every": 1}}},
}
GAP = 12  # pixels between the two


def main(folder: Path) -> None:
    """Run each failure and its cure."""
    for name, cure in CURES.items():
        failed, cured = (_run(name, changes) for changes in ({}, cure))
        picture = Image.new(failed.mode, (failed.width + GAP + cured.width, failed.height), "white")
        picture.paste(failed, (0, 0))
        picture.paste(cured, (failed.width + GAP, 0))
        plots.save(picture, folder / f"{name}.png")


def _run(name: str, cure: Changes) -> Image.Image:
    """Train, print what the monitor said, and return the last samples."""
    with own_project(f"failures/{name}", {"tracking": {"enabled": False}}, cure) as params:
        try:
            train.main(params)
            models = models_dir(params)
            history, samples = models / "history.csv", models / "samples.png"
        except RunError:  # the run was ended: its evidence is left where it was made
            resume = next(Path(".resume").iterdir())
            history, samples = resume / "history.csv", sorted((resume / "pictures").glob("*.png"))[-1]
        print(f"\n{name}, {'with ' + str(cure) if cure else 'as it is'}:")
        for message in told(params, rows_of(history)) or ["nothing"]:
            print(f"  the monitor: {message}")
        picture = Image.open(samples)
        # the last picture of a run is drawn at twice the size of those on the way
        side = 2 * (params.data.size + 1) * 8
        return picture.resize((side, side), Image.Resampling.NEAREST)


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute())
