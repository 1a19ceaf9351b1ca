"""Says during a run that it goes wrong, and in what way."""

import math
from collections.abc import Iterable

from pipeline.errors import RunError

# D's loss, on the way from its best (0) to telling nothing apart (1), below which it has nothing left to
# teach: under cross-entropy that is D(x) above 0.99 and D(G(z)) below 0.01
CERTAIN = 0.0145
RUNAWAY = 50.0  # the generator's loss: logits of tens, which nothing bounds
LASTING = 5  # rows of history in a row: what is shorter passes
COLLAPSED = 0.1  # spread of the samples over that of real images
WARM_UP = 200  # steps in which an untrained generator's samples look alike, and nothing has collapsed
COLLAPSED_PICTURES = 5  # in a row: it does not pass any more

CURES = {
    "certain": "lower the discriminator's lr, or set stabilisers.instance_noise or objective.penalty",
    "collapse": "raise objective.penalty (r1), lower the generator's lr, or set stabilisers.unrolled_steps",
    "runaway": "set objective.penalty, objective.weight_clip or stabilisers.spectral_norm",
}


class DivergenceError(RunError):
    """Going on from here is useless."""


class Monitor:
    """Reads each row of the history as it is written; tells each kind of trouble once."""

    def __init__(
        self, history: Iterable[dict[str, float]] = (), *, scale: tuple[float, float] | None = None
    ) -> None:
        """`history` is what was read before; `scale` is the `Objective`'s: without one D is never certain."""
        self._scale = scale
        self._rows = {"certain": 0, "runaway": 0}  # in a row
        self._collapsed_pictures = 0
        self._told: set[str] = set()
        for row in history:
            self.check(row)

    @property
    def is_collapsed(self) -> bool:
        """Whether the last picture showed nearly one image."""
        return self._collapsed_pictures > 0

    def check(self, row: dict[str, float]) -> list[str]:
        """Return new warnings; raise DivergenceError where going on is useless."""
        losses = {name: value for name, value in row.items() if name.endswith("loss")}
        if not all(map(math.isfinite, losses.values())):
            seen = ", ".join(map(str, losses.values()))
            raise DivergenceError(
                f"training diverged before step {row['step']} (losses {seen}); "
                "lower the lr of all train.players, or set train.precision to fp32"
            )
        if "diversity" in row and row["step"] > WARM_UP:
            self._collapsed_pictures = self._collapsed_pictures + 1 if row["diversity"] < COLLAPSED else 0
        if self._collapsed_pictures == COLLAPSED_PICTURES:
            raise DivergenceError(
                f"training collapsed before step {row['step']}: {COLLAPSED_PICTURES} pictures in a row show "
                f"nearly one image; {CURES['collapse']}"
            )
        found = self._found(row)
        new = [f"{message}; {CURES[kind]}" for kind, message in found.items() if kind not in self._told]
        self._told = set(found)
        return [f"step {row['step']}: {message}" for message in new]

    def _found(self, row: dict[str, float]) -> dict[str, str]:
        """What is wrong now, by its kind."""
        now = {
            "certain": "d_loss" in row and self._is_certain(row["d_loss"]),
            "runaway": abs(row.get("g_loss", 0.0)) > RUNAWAY,
        }
        self._rows = {kind: self._rows[kind] + 1 if is_so else 0 for kind, is_so in now.items()}
        found = {}
        if self._rows["certain"] >= LASTING:
            found["certain"] = (
                f"the discriminator has been certain for {LASTING} rows (its loss is {row['d_loss']:.3f}): "
                "it tells every image, and G learns nothing"
            )
        if self._rows["runaway"] >= LASTING:
            found["runaway"] = (
                f"the losses run away (G's is {row['g_loss']:.0f}): nothing bounds the discriminator: "
                "the game does not converge"
            )
        if self.is_collapsed:
            found["collapse"] = "the samples are nearly one image: the generator has collapsed"
        return found

    def _is_certain(self, loss: float) -> bool:
        if self._scale is None:
            return False
        undecided, best = self._scale
        return loss - best < CERTAIN * (undecided - best)
