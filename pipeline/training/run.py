"""A whole training run: from parameters and prepared data to models/<name>/, resumable at every moment."""

import csv
import hashlib
import io
import math
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save
from torch import Tensor, nn

from pipeline import files, plots
from pipeline.data.prepared import Prepared
from pipeline.errors import RunError, Stopped, UserError
from pipeline.fields import Field
from pipeline.params import Params
from pipeline.pixels import to_float, to_uint8
from pipeline.places import resume_root
from pipeline.provenance import code_hash, environment
from pipeline.streams import draw, stream
from pipeline.systems.base import GENERATOR, Export
from pipeline.tracking import Tracker
from pipeline.training import resumable
from pipeline.training.batches import Batches, tables_of
from pipeline.training.device import choose_precision, settle_vector_functions
from pipeline.training.distributed import Ranks, joined
from pipeline.training.fixed_inputs import ROWS_OF_DATA, FixedInputs, first_rows, image_of, spread
from pipeline.training.guard import only_trainer
from pipeline.training.loop import Loop, total_steps
from pipeline.training.monitor import WARM_UP, DivergenceError, Monitor
from pipeline.training.progress import TrainingProgress
from pipeline.training.state import TrainingState, previous
from pipeline.training.stopping import Stopping

ROLL_BACKS, BACK_OFF = 3, 0.5  # at most as many, each with the learning rates times this


def train(params: Params, data: Prepared, output: Path) -> None:
    """Train, or go on where a killed run stopped, and write `output` whole at the end.

    Until then all lies in .resume/<name>-<fingerprint>/; other parameters, data or code have another folder.
    It stays until the generator is exported: DVC may be killed before it has stored `output`.
    """
    check(params, data)
    data.verify()
    settle_vector_functions()
    with joined(params.train) as ranks:
        folder = resume_root() / f"{params.name}-{_fingerprint(params, data, ranks)}"
        if not ranks.first:
            _follow(params, data, folder, ranks)
            return
        with only_trainer(folder):
            resumable.describe(folder, params, data.digest)
            run = Run(params, data, folder, ranks)
            with Tracker.start(params, run.state.tracking_run) as tracker:
                tracker.dataset(params.data.dataset, data.digest, data.folder)
                run.go(tracker)
                run.write(output)
                for picture in sorted([*output.glob("*.png"), *output.glob("*.gif")]):
                    tracker.artifact(picture, "pictures")
            resumable.mark_finished(folder)


def _follow(params: Params, data: Prepared, folder: Path, ranks: Ranks) -> None:
    """Make the steps of the run beside the first rank, and leave no trace."""
    Run(params, data, folder, ranks).go(Tracker())


class Run:
    """One training run in its folder; every rank has one, and that of the first writes."""

    def __init__(self, params: Params, data: Prepared, folder: Path, ranks: Ranks) -> None:
        self.params, self.data, self.folder, self.ranks = params, data, folder, ranks
        train, device = params.train, ranks.device
        share = ranks.share(train.batch)
        self.state = TrainingState.fresh(params, data.fields, device)
        tables = tables_of(self.state.model.tables(data), data, device)
        batches = Batches(tables, train.batch, params.seed, share)
        self.steps = total_steps(train, batches.per_epoch)
        self.damaged = self._load(self._stopped, *self._checkpoints)
        ranks.join_batch_norms(self.state.model)
        self.loop = Loop(params, self.state, batches, choose_precision(train, device), ranks)
        shown = self._shown(self.state.model.shipped())
        made = next(iter(shown.outputs.values()))
        self.real = data.beginning_with(made.about["of"])  # what the samples are held against
        self.fixed = FixedInputs(shown.inputs, data, params.seed, device)
        images, labels = self._real(2000)
        self.real_spread = spread(images, labels if self.fixed.conditional else labels * 0)
        self.monitor = self._fresh_monitor()
        self._pictures_at = _moments(self.steps, train.pictures)
        self._checkpoints_at = _moments(self.steps, train.checkpoints)

    @property
    def _stopped(self) -> Path:
        """The state at a signal, to go on from; never to roll back to, or a stop would change the bytes."""
        return self.folder / "stopped.pt"

    @property
    def _checkpoints(self) -> tuple[Path, Path]:
        """The newest state of those that any run of these parameters saves, and the one before it."""
        return self.folder / "state.pt", previous(self.folder / "state.pt")

    def _fresh_monitor(self) -> Monitor:
        return Monitor(self.state.history, scale=self.state.model.certain)

    def go(self, tracker: Tracker) -> None:
        """Train to the last step, recording on the way; Stopped, with the state saved, on a signal."""
        state = self.state
        state.tracking_run = tracker.run_id
        quiet = not self.ranks.first
        with TrainingProgress(self.steps, state.step, quiet) as bar, Stopping() as stopping:
            self._say_start(bar)
            if state.step == 0:
                self._picture()
                self._save(self._checkpoints[0])
            while state.step < self.steps:
                try:
                    if self.ranks.any(stopping.asked):
                        self._stop()
                    self._advance(bar, tracker)
                except DivergenceError as trouble:
                    self._roll_back(trouble, bar, tracker)

    def _advance(self, bar: TrainingProgress, tracker: Tracker) -> None:
        """One step and what is due after it; DivergenceError where going on from there is useless."""
        state = self.state
        self.loop.step()
        bar.step(state.step)
        if state.step % self.params.train.log_every == 0 or state.step in self._pictures_at:
            row = self.loop.row()
            if state.step in self._pictures_at:
                row["diversity"] = round(self._picture() / self.real_spread, 4)
            state.history.append(row)
            speed = bar.row(row)
            tracker.metrics(row | {"images_per_second": speed}, state.step)
            for warning in self.monitor.check(row):
                bar.say(f"warning: {warning}")
        if state.step in self._pictures_at:
            bar.milestone()
        if state.step in self._checkpoints_at:
            self._check_numbers()
            self.data.verify()
            if not self.monitor.is_collapsed:  # or there were nothing good to roll back to
                self._save(self._checkpoints[0])
                if self.ranks.first:
                    files.remove(self._stopped)
            elif state.step == self.steps:  # what ships, all the same
                self._save(self._stopped)

    def _check_numbers(self) -> None:
        """Never save, or ship, what can't be gone on from."""
        if not self.state.is_finite():
            raise DivergenceError(
                f"training diverged before step {self.state.step}: a weight is no number any more"
            )

    def _stop(self) -> None:
        self._save(self._stopped)
        where = f"step {self.state.step} of {self.steps}"
        raise Stopped(f"stopped at {where} and saved; the same command goes on there")

    def _roll_back(self, trouble: DivergenceError, bar: TrainingProgress, tracker: Tracker) -> None:
        """Back to the last checkpoint, at lower rates, if params.yaml says so; else end with the evidence."""
        state, at = self.state, self.state.step
        if self.params.train.on_divergence == "stop" or len(state.rollbacks) == ROLL_BACKS:
            if self.ranks.first:
                (self.folder / "history.csv").write_text(self._history())
            raise RunError(f"{trouble}; see history.csv and pictures/ in {self.folder}") from trouble
        scale, before = state.rate_scale * BACK_OFF, state.rollbacks
        self._load(*self._checkpoints)
        state.tracking_run = tracker.run_id
        state.rate_scale = scale
        record = {"reason": str(trouble), "at_step": at, "back_to_step": state.step, "rate_scale": scale}
        state.rollbacks = [*before, record]
        self.monitor = self._fresh_monitor()
        tracker.metrics({"rate_scale": scale}, at)
        bar.say(f"warning: {trouble}; going on from step {state.step} with the learning rates times {scale}")

    def _save(self, path: Path) -> None:
        if self.ranks.first:
            self.state.save(path)
        self.ranks.wait()  # torchrun ends the others with the first that leaves

    def _load(self, *paths: Path) -> list[Path]:
        """`TrainingState.load` on the first rank, and its state on all: the others may not see the files."""
        damaged = self.state.load(*paths) if self.ranks.first else []
        if self.ranks.size > 1:
            self.state.from_bytes(self.ranks.of_first(self.state.to_bytes()))
        return damaged

    def _say_start(self, bar: TrainingProgress) -> None:
        precision = str(self.loop.precision).removeprefix("torch.")
        where = f"{self.loop.device.type} in {precision}"
        if self.ranks.size > 1:
            where += f" with {self.ranks.size} processes"
        begun = f", going on from step {self.state.step}" if self.state.step else ""
        for path in self.damaged:
            bar.say(f"warning: {path} is damaged; the state before it is used")
        bar.say(
            f"training {self.params.name} for {self.steps} steps on {where}{begun}; pictures in {self.folder}"
        )
        if self.steps <= WARM_UP:
            epochs = math.ceil(self.params.train.epochs * (WARM_UP + 1) / self.steps)
            bar.say(
                f"warning: {self.steps} steps are too few to learn from; with train.epochs: {epochs} they "
                f"are more than {WARM_UP}"
            )

    def _shown(self, shipped: nn.ModuleDict) -> Export:
        """What the pictures on the way are drawn with."""
        return self.state.model.exports(shipped)[GENERATOR]

    def _picture(self) -> float:
        """Draw from the fixed inputs what ships does; return the spread of what trains draws."""
        image = plots.grid(self.fixed.shown(self._shown(self.state.shipped).network), self.fixed.columns)
        if self.ranks.first:
            plots.save(image, self.folder / "pictures" / f"{self.state.step:07d}.png")
        return self.fixed.spread(self.fixed.draw(self._shown(self.state.model.shipped()).network))

    def write(self, output: Path) -> None:
        """Put the results in place: weights, history, roll-backs if there were any, and pictures."""
        state = self.state
        with files.atomic_path(output) as part:
            part.mkdir()
            _write_networks(part / "shipped", dict(state.shipped.items()))
            _write_networks(part / "others", state.model.others())
            (part / "history.csv").write_text(self._history())
            if state.rollbacks:
                files.write_json(part / "rollbacks.json", state.rollbacks)
            plots.save(plots.training_curves(part / "history.csv"), part / "curves.png")
            plots.animation([Image.open(picture) for picture in self._pictures()], part / "progress.gif")
            samples = self.fixed.shown(self._shown(state.shipped).network)
            plots.save(plots.grid(samples, self.fixed.columns, scale=2), part / "samples.png")
            plots.save(self._real_beside_fake(), part / "real-beside-fake.png")

    def _history(self) -> str:
        """What was recorded, as a table; a statistic that was not noted is left blank."""
        model, text = self.state.model, io.StringIO()
        rates = [f"lr_{name}" for name in model.players()]
        columns = ["step", "images", "epoch", *model.statistics, *rates, "diversity"]
        table = csv.DictWriter(text, columns, restval="", lineterminator="\n")
        table.writeheader()
        table.writerows(self.state.history)
        return text.getvalue()

    def _pictures(self) -> list[Path]:
        return sorted((self.folder / "pictures").glob("*.png"))  # a kill may have left half a one, .part

    def _real_beside_fake(self) -> Image.Image:
        """The first training images beside samples, of the same classes where there are classes."""
        images, labels = self._real(64)
        network, inputs, _ = self._shown(self.state.shipped)
        noise = stream(self.params.seed, "real beside fake")
        fed = [self._fed(field, torch.from_numpy(labels), noise) for field in inputs.values()]
        with torch.no_grad():
            fake = to_uint8(image_of(network.eval()(*(value.to(self.loop.device) for value in fed))))
        return plots.real_beside_fake(images, fake.cpu().numpy())

    def _fed(self, field: Field, labels: Tensor, noise: torch.Generator) -> Tensor:
        """A value for each of the labels [N]."""
        if field.kind == "image":
            return to_float(first_rows(self.data, field, len(labels)))
        if field.kind in ROWS_OF_DATA:
            return first_rows(self.data, field, len(labels))
        return labels if field.kind == "label" else draw(field, len(labels), noise)

    def _real(self, count: int) -> tuple[np.ndarray, np.ndarray]:
        """The first training images, and their labels, of the table that samples are held against."""
        rows = self.real.rows("train")[:count]
        table = self.real.tables[0]
        return self.real.file("train", table.images)[rows], self.real.file("train", table.labels)[rows]


def _write_networks(folder: Path, networks: dict[str, nn.Module]) -> None:
    """The weights of each, and contents.json: a folder of nothing would vanish when DVC restores it."""
    folder.mkdir()
    for name, network in networks.items():
        (folder / f"{name}.safetensors").write_bytes(save(_weights(network)))
    files.write_json(folder / "contents.json", {"networks": list(networks)})


def check(params: Params, data: Prepared) -> None:
    """UserError where these data can't be trained on with these parameters."""
    for name, kind in params.model.needs.items():
        if name not in data.fields or data.fields[name].kind != kind:
            raise UserError(
                f"model.kind: {params.model.kind} needs the field {name} ({kind}), and {params.data.dataset} "
                f"has {', '.join(data.fields)}; choose another data set or kind"
            )
    if params.model.conditional and len(data.classes) < 2:
        raise UserError(
            f"model.kind: {params.model.kind} needs labels, and {params.data.dataset} has none; "
            f"put the images in class folders, or {params.model.without_labels()}"
        )
    images = data.counts["train"]["total"]
    if params.train.batch > images:
        raise UserError(f"train.batch: {params.train.batch} is more than the {images} training images")
    if not total_steps(params.train, images // params.train.batch):
        raise UserError(
            f"train: {images} training images make {images // params.train.batch} batches of "
            f"{params.train.batch} an epoch, and {params.train.epochs} epochs of them not one step of "
            f"{params.train.d_steps} (train.d_steps): nothing would be trained; raise train.epochs, or lower "
            "train.batch or train.d_steps"
        )


def _moments(steps: int, times: int) -> set[int]:
    """`times` steps spread evenly over the run, the last one included."""
    return {round(steps * k / times) for k in range(1, times + 1)} - {0}


def _fingerprint(params: Params, data: Prepared, ranks: Ranks) -> str:
    """Changes with anything that shapes the weights: parameters, data, the code that trains, the machine.

    The machine is that of the first rank. UserError where another rank has other parameters, data or code.
    """
    made_from = f"{params.fingerprint()} {data.digest} {code_hash(params.model.kind)}"
    if ranks.of_first(made_from) != made_from:
        raise UserError(f"rank {ranks.rank}: other parameters, data or code here than on the first rank")
    precision = choose_precision(params.train, ranks.device)
    machine = f"{sorted(environment().items())} {ranks.device.type} {precision}"
    return hashlib.sha256(f"{made_from} {ranks.of_first(machine)}".encode()).hexdigest()[:16]


def _weights(network: nn.Module) -> dict[str, torch.Tensor]:
    """Each tensor once, by its first name: those of a player may be shared among its networks."""
    first: dict[int, str] = {}
    every = network.state_dict()
    for name, value in every.items():
        first.setdefault(value.data_ptr(), name)
    return {name: every[name].contiguous().cpu() for name in first.values()}
