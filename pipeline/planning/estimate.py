"""How long `dvc repro` takes, stage by stage, in seconds of this machine."""

from dataclasses import dataclass

# Seconds of one processor that a stage takes whatever there is, on two cores of an Intel Xeon: starts of
# Python and torch, an export and its checks, pictures of the report. Measured with 150 pictures.
FIXED = {
    "software": 2.5,
    "download": 4.5,
    "preprocess": 4.3,
    "judge": 7.0,
    "train": 10.0,
    "export": 17.0,
    "evaluate": 17.0,
    "represent": 5.0,
    "package": 7.0,
    "report": 6.5,
    "dvc": 10.0,
}
REFERENCE = 9.5e-4  # there, of an image and an epoch of the convolutional judge's training, in colour, at 32
COPY = 2.0e-4  # to copy a picture, twice: for us and into DVC's cache
SCORED = 83.0  # what scoring a sample takes, in images of the first judge's training
LABELLED = 4.2  # what representation takes for a training image, likewise, where there are classes


@dataclass(frozen=True)
class Speed:
    """What was measured."""

    decode: float  # seconds a picture
    judges: dict[str, float]  # seconds an image and an epoch, by name
    reference: float  # of the convolutional judge at 32 pixels, likewise

    @property
    def slowness(self) -> float:
        """How much longer this machine takes than the one above."""
        return self.reference / REFERENCE


@dataclass(frozen=True)
class Work:
    """What is to be done beside training."""

    pictures: int  # that are copied and decoded
    learnt: int  # that judges and generator learn from
    scored: int  # samples
    epochs: dict[str, int]  # of each judge
    classes: int


def beside_training(work: Work, speed: Speed) -> dict[str, float]:
    """Seconds of each stage; of `train` what is no step."""
    seconds = {stage: fixed * speed.slowness for stage, fixed in FIXED.items()}
    first = next(iter(speed.judges.values()))
    seconds["download"] += work.pictures * COPY * speed.slowness
    seconds["preprocess"] += work.pictures * (1.3 * speed.decode)
    seconds["judge"] += sum(work.learnt * work.epochs[name] * each for name, each in speed.judges.items())
    seconds["evaluate"] += work.scored * SCORED * first
    if work.classes:
        seconds["represent"] += work.learnt * LABELLED * first
    return seconds
