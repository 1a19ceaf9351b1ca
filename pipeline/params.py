"""The sections of params.yaml as frozen, validated objects; pipeline/loading.py reads the file.

There are no defaults here: every value that shapes a result is written in params.yaml, so that DVC sees
it change. A value that is missing, unknown, of the wrong type or in conflict with another is refused.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Set
from typing import Annotated, Any, ClassVar, Generic, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from typing_extensions import TypeVar

from pipeline.errors import unknown

Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]
Beta = Annotated[float, Field(ge=0, lt=1)]
Betas = tuple[Beta, Beta]
JudgeName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=30)]


class Section(BaseModel):
    """A part of params.yaml: frozen, every key required, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class PictureParams(Section):
    """How pictures in a folder of your own are taken."""

    classes: Literal["folders", "none"]  # a class a folder, or none, however they are nested
    square: Literal["centre", "pad", "several"]  # of a picture that is none; several: see squares.py
    background: str  # the colour behind what is transparent: a name, or #rrggbb
    broken: Literal["refuse", "skip"]  # a file that can't be read
    balance: bool  # repeat the training pictures of small classes until all classes have as many
    limit: Annotated[int, Field(ge=2)] | None  # take so many, evenly from all; null: all

    @field_validator("background")
    @classmethod
    def _is_a_colour(cls, name: str) -> str:
        from PIL import ImageColor  # late: most runs have no such pictures

        try:
            ImageColor.getrgb(name)
        except ValueError:
            raise ValueError(f"{name!r} is no colour: say one such as white, grey or '#20a040'") from None
        return name


# what `pictures: null` means
PLAINLY = PictureParams(
    classes="folders", square="centre", background="white", broken="refuse", balance=False, limit=None
)


class DataParams(Section):
    """Which images, and in what size; a file in pipeline/datasets/ may add its own."""

    dataset: str
    path: str | None  # the folder of images, where the data set is one
    size: Annotated[int, Field(ge=8, le=256)]  # pixels a side
    channels: Literal[1, 3] | None  # grey, colour, or as the data set has them
    test_fraction: Annotated[float, Field(gt=0, lt=1)] | None  # held out where the source has no test images
    set_aside: Annotated[int, Field(ge=0)]  # training images that nothing learns from, a sixth at most
    pictures: PictureParams | None  # how those of a folder are taken; null: plainly

    has_path: ClassVar[bool] = False
    takes_pictures: ClassVar[bool] = False  # in the ways of `pictures`
    test_images: ClassVar[Literal["its own", "held out", "either"]] = "its own"
    library: ClassVar[str] = "torchvision"  # whose version decides which files the data set consists of
    plain: ClassVar[bool] = True  # one table of images with their labels, of which pairs can be made

    def origin(self) -> "DataParams":
        """The data set whose original files it takes."""
        return self

    @model_validator(mode="after")
    def _fits_the_source(self) -> Self:
        if (self.path is not None) != self.has_path:
            raise ValueError("`path` belongs to a folder of your own: set it there, and to null elsewhere")
        if self.pictures is not None and not self.takes_pictures:
            raise ValueError(f"`pictures` must be null: it is of your own folder, not of {self.dataset}")
        if self.test_images == "its own" and self.test_fraction is not None:
            raise ValueError(f"`test_fraction` must be null: {self.dataset} brings its own test images")
        if self.test_images == "held out" and self.test_fraction is None:
            raise ValueError(
                f"`test_fraction` is needed: {self.dataset} has no test images of its own; try 0.2"
            )
        return self


class JudgeParams(Section):
    """A classifier, trained on real images, that scores the generator."""

    architecture: Literal["convolutional", "dense", "texture"]
    seed: int
    epochs: Count
    batch: Count
    lr: Positive
    min_accuracy: Share  # on real images that it did not learn from; below it the stage fails; 0: never


# what only some systems have a use for
ADVERSARIAL = frozenset({"objective", "stabilisers", "train.d_steps"})


class ModelParams(Section):
    """What every system has; a file in pipeline/systems/ adds its own."""

    kind: str

    needs: ClassVar[Mapping[str, str]] = {"images": "image"}  # fields of the data, by kind
    uses: ClassVar[Set[str]] = ADVERSARIAL  # the others of these are null
    sizes: ClassVar[tuple[int, ...]]  # the image sizes the networks can make
    takes_virtual_batch_norm: ClassVar[bool] = True  # the generator has batch norms that can be replaced
    discriminator_batch_norm: ClassVar[bool] = False
    conditional: ClassVar[bool]  # does the generator take a label?
    single_process: ClassVar[str | None] = None  # why it can't share its batches out, where it can't
    adam_epsilon: ClassVar[float] = 1e-8  # added to the root of Adam's second moment

    def players(self) -> tuple[str, ...]:
        """Whose settings stand under train.players."""
        return ("generator", "discriminator")

    def without_labels(self) -> str:
        """What to choose where the data have no classes, and it takes a label."""
        if "conditional" in type(self).model_fields:
            return "set model.conditional to false"
        return "choose an unconditional kind (gan, dcgan28, dcgan)"


class LatentParams(ModelParams):
    """What a system has that makes images of noise z."""

    z_dim: Count
    latent: Literal["normal", "uniform"]  # N(0, 1), or U[0, 1)


class PenaltyParams(Section):
    """On the gradient of the discriminator with respect to its images."""

    name: Literal["none", "gradient", "r1", "r2", "r1-r2", "dragan"]
    weight: Annotated[float, Field(ge=0)]
    every: Count  # discriminator steps: lazily, with the weight times this

    @model_validator(mode="after")
    def _is_used_or_off(self) -> Self:
        if (self.name == "none") != (self.weight == 0):
            raise ValueError("`weight` must be above 0 for a penalty to be paid, and 0 where `name` is none")
        return self


class ObjectiveParams(Section):
    """The adversarial game."""

    name: Literal[
        "minimax",
        "non-saturating",
        "least-squares",
        "hinge",
        "wasserstein",
        "relativistic",
        "f-kl",
        "f-reverse-kl",
        "f-js",
        "f-squared-hellinger",
        "f-pearson",
        "f-total-variation",
    ]
    label_smoothing: Annotated[float, Field(ge=0, lt=0.5)]  # one-sided: real targets are 1 - this
    weight_clip: Positive | None  # every weight of the critic is kept within +- this; null: as it comes
    penalty: PenaltyParams

    @property
    def has_critic(self) -> bool:
        """Whether the discriminator is a critic: its outputs are no logits (Arjovsky et al. 2017)."""
        return self.name == "wasserstein"

    @model_validator(mode="after")
    def _smoothing_needs_targets(self) -> Self:
        if self.label_smoothing and self.name not in ("minimax", "non-saturating", "least-squares"):
            raise ValueError(f"`label_smoothing` must be 0: {self.name} has no targets to smooth")
        return self

    @model_validator(mode="after")
    def _one_bound_on_the_slope(self) -> Self:
        if self.weight_clip is not None and not self.has_critic:
            raise ValueError(f"`weight_clip` must be null: it bounds a critic (wasserstein), not {self.name}")
        if self.weight_clip is not None and self.penalty.name != "none":
            raise ValueError(
                "`weight_clip` and `penalty` both bound the critic's slope: switch one of them off"
            )
        return self


class StabiliserParams(Section):
    """What keeps the game from failing: a file each in pipeline/stabilisers/, off at 0, false or none."""

    spectral_norm: bool  # on every layer of the discriminator
    instance_noise: Annotated[float, Field(ge=0)]  # deviation at the start, linearly to none at the end
    augmentation: tuple[Literal["colour", "translation", "cutout", "flip"], ...]  # of all that D sees
    minibatch: Literal["none", "deviation", "discrimination"]  # D's layer that looks at the whole batch
    feature_matching: Annotated[float, Field(ge=0)]  # its weight in the generator's loss
    historical_averaging: Annotated[float, Field(ge=0)]  # its weight in both losses
    virtual_batch_norm: bool  # in place of the generator's batch norms
    unrolled_steps: Annotated[int, Field(ge=0, le=20)]  # of D, that the generator looks ahead

    @field_validator("augmentation")
    @classmethod
    def _each_change_once(cls, changes: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(changes)) < len(changes):
            raise ValueError(f"each change once, not {', '.join(changes)}")
        return changes


class OptimiserParams(Section):
    """Adam, for one player."""

    lr: Positive
    betas: Betas


class ScheduleParams(Section):
    """How settings go from their start to the end of the run; 1 and null leave them as they are."""

    shape: Literal["linear", "cosine"]
    begins: Annotated[float, Field(ge=0, lt=1)]  # the share of the run before anything changes
    lr: Share  # all rates end at this share of their start
    betas: Betas | None  # of all optimisers at the end
    penalty: Annotated[float, Field(ge=0)]  # the penalty's weight ends at this multiple of its start
    ema_half_life: Positive  # likewise


NO_STABILISERS = StabiliserParams(
    spectral_norm=False,
    instance_noise=0.0,
    augmentation=(),
    minibatch="none",
    feature_matching=0.0,
    historical_averaging=0.0,
    virtual_batch_norm=False,
    unrolled_steps=0,
)


class TrainParams(Section):
    """How long, how fast, and what is recorded on the way."""

    epochs: Count
    batch: Annotated[int, Field(ge=2)]
    d_steps: Count | None  # discriminator steps a generator step
    players: dict[str, OptimiserParams]
    schedule: ScheduleParams
    ema_half_life: Share  # of the averaged networks, as a share of the run; 0: export the last weights
    device: Literal["auto", "cpu", "cuda", "mps"]
    processes: Count  # that share each batch: one for each GPU
    precision: Literal["auto", "fp32", "bf16"]  # auto: bf16 where the hardware multiplies in it
    log_every: Count  # steps between two rows of history.csv
    pictures: Annotated[int, Field(ge=1, le=200)]  # fixed-noise grids over the run
    checkpoints: Annotated[int, Field(ge=1, le=200)]  # states kept for a resume over the run
    on_divergence: Literal["stop", "roll-back"]  # roll back: to the last good state, at half the rates

    @model_validator(mode="after")
    def _the_batch_is_shared_evenly(self) -> Self:
        if self.batch % self.processes:
            raise ValueError(
                f"`batch` must be a multiple of `processes`: {self.batch} images can't be shared evenly by "
                f"{self.processes}"
            )
        if self.batch == self.processes > 1:
            raise ValueError("`batch` must give each of the `processes` two images at least")
        return self


class ExportParams(Section):
    """What export may do; it shapes nothing."""

    replace: bool  # a generator that git tracks by one of other parameters


class EvaluateParams(Section):
    """How the exported file is scored."""

    judge: JudgeName  # of `judges`, the one in whose features the most is measured
    samples: Annotated[int, Field(ge=100)]
    seed: int
    inception_weights: str | None  # the file, for standard Inception FID and KID


class TrackingParams(Section):
    """MLflow; where it writes is MLFLOW_TRACKING_URI, or mlflow.db beside params.yaml."""

    enabled: bool
    experiment: Annotated[str, Field(min_length=1)]


Model = TypeVar("Model", bound=ModelParams)
Data = TypeVar("Data", bound=DataParams, default=DataParams)


class Params(Section, Generic[Model, Data]):
    """The whole of params.yaml."""

    name: Annotated[str, Field(max_length=60)]  # scopes all that a run writes
    seed: Annotated[int, Field(ge=0)]
    data: Data
    judges: Annotated[dict[JudgeName, JudgeParams], Field(min_length=1)]
    model: Model
    objective: ObjectiveParams | None
    stabilisers: StabiliserParams | None
    train: TrainParams
    export: ExportParams
    evaluate: EvaluateParams
    tracking: TrackingParams

    @field_validator("name")
    @classmethod
    def _names_a_folder(cls, name: str) -> str:
        if not re.fullmatch(r"[a-z0-9][a-z0-9_.-]*", name):
            raise ValueError(
                f"{name!r} can't be used: say small letters (a-z), digits, '.', '_' and '-', and begin "
                "with a letter or digit"
            )
        if name == "judge":
            raise ValueError("`judge` is taken: models/judge/ holds the judges; choose another")
        return name

    @model_validator(mode="after")
    def _the_judge_that_measures_sees_shapes(self) -> Self:
        name = self.evaluate.judge
        if name not in self.judges:
            raise ValueError(f"evaluate.judge: {unknown(name, list(self.judges))}")
        if self.judges[name].architecture == "texture":
            raise ValueError(f"evaluate.judge: {name} sees texture alone: name one that sees shapes")
        return self

    @model_validator(mode="after")
    def _size_suits_the_networks(self) -> Self:
        if self.data.size not in self.model.sizes:
            sizes = ", ".join(map(str, self.model.sizes))
            raise ValueError(
                f"data.size: {self.model.kind} makes images of {sizes} pixels, not {self.data.size}"
            )
        return self

    @model_validator(mode="after")
    def _players_are_those_of_the_system(self) -> Self:
        named, players = self.train.players, list(self.model.players())
        for name in named:
            if name not in players:
                raise ValueError(f"train.players: {unknown(name, players)}")
        if missing := [name for name in players if name not in named]:
            raise ValueError(f"train.players: {', '.join(missing)} missing: {self.model.kind} has it")
        return self

    @model_validator(mode="after")
    def _processes_share_what_can_be_shared(self) -> Self:
        if self.model.single_process and self.train.processes > 1:
            raise ValueError(f"train.processes: must be 1: {self.model.single_process}")
        return self

    @model_validator(mode="after")
    def _what_is_of_no_use_is_null(self) -> Self:
        given = {
            "objective": self.objective,
            "stabilisers": self.stabilisers,
            "train.d_steps": self.train.d_steps,
        }
        for name, value in given.items():
            if name in self.model.uses and value is None:
                raise ValueError(f"{name}: missing (every value is written out: see presets/)")
            if name not in self.model.uses and value is not None:
                raise ValueError(f"{name}: must be null: {self.model.kind} has no use for it")
        return self

    @model_validator(mode="after")
    def _penalties_suit_the_discriminator(self) -> Self:
        if self.objective is None or self.stabilisers is None:
            return self
        penalty, minibatch = self.objective.penalty.name, self.stabilisers.minibatch
        if penalty != "none" and self.model.discriminator_batch_norm:
            raise ValueError(
                f"objective.penalty.name: {penalty} needs the gradient of each image alone, and batch norm "
                f"in the discriminator of {self.model.kind} mixes them; choose another kind, or none"
            )
        if penalty in ("gradient", "dragan") and minibatch != "none":
            raise ValueError(
                f"stabilisers.minibatch: {penalty} wants a slope of one for each image alone, and minibatch "
                f"{minibatch} mixes them; set it to none, or take r1"
            )
        return self

    @model_validator(mode="after")
    def _stabilisers_suit_each_other(self) -> Self:
        if self.objective is None or self.stabilisers is None:
            return self
        chosen = self.stabilisers
        if self.objective.weight_clip is not None and chosen.spectral_norm:
            raise ValueError(
                "objective.weight_clip: spectral norm rescales the weights that clipping would bound; "
                "set weight_clip to null or stabilisers.spectral_norm to false"
            )
        if chosen.unrolled_steps and (
            self.objective.penalty.name != "none" or self.objective.weight_clip is not None
        ):
            raise ValueError(
                "stabilisers.unrolled_steps: the steps ahead follow the objective's gradient alone, without "
                "penalty or clipping; switch those off, or set unrolled_steps to 0"
            )
        if chosen.unrolled_steps and self.train.processes > 1:
            raise ValueError(
                "stabilisers.unrolled_steps: each process would look ahead on its own share of the batch; "
                "set train.processes to 1, or unrolled_steps to 0"
            )
        if chosen.virtual_batch_norm and not self.model.takes_virtual_batch_norm:
            raise ValueError(
                f"stabilisers.virtual_batch_norm: the generator of {self.model.kind} has no batch norm to "
                "replace, or takes more than z and a label; set it to false"
            )
        return self

    def shaping(self) -> dict[str, Any]:
        """The sections that shape the trained weights, as plain values."""
        sections = {"seed", "data", "model", "objective", "stabilisers", "train"}
        shaping = self.model_dump(mode="json", include=sections)
        # where pictures lie and how they were taken shapes nothing: what they are is the data's digest
        shaping["data"]["path"] = None
        del shaping["data"]["pictures"]
        return shaping

    def fingerprint(self) -> str:
        """SHA-256 over the parameters that shape the trained weights, as hex."""
        return hashlib.sha256(json.dumps(self.shaping(), sort_keys=True).encode()).hexdigest()
