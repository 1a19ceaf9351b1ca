"""A turn: one batch, and what a system may ask for while it makes its moves on it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.optim import Optimizer

from pipeline import streams
from pipeline.fields import Field


@dataclass(frozen=True)
class Turn:
    """The tensors of a batch by the names of their fields; where the run stands; streams; statistics."""

    batch: Mapping[str, Tensor]  # this rank's share
    index: int  # of the batch in the run
    step: int
    steps: int  # of the whole run
    optimisers: Mapping[str, Optimizer]  # by player: to read moments from
    seed: int
    device: torch.device
    size: int  # of the whole batch, over all ranks
    share: slice  # of it that is this rank's
    own: str = ""  # what sets this rank's streams apart from the others'
    notes: dict[str, Tensor] = field(default_factory=dict)  # by statistic; the last of a step counts

    @property
    def progress(self) -> float:
        """The share of the run that is behind."""
        return self.step / self.steps

    def draw(self, kind: Field, purpose: str = "latent") -> Tensor:
        """This rank's share of a field drawn for the whole batch: the same, however many ranks share it."""
        noise = streams.stream(self.seed, purpose, self.index, self.device)
        return streams.draw(kind, self.size, noise, self.device)[self.share]

    def stream(self, purpose: str) -> torch.Generator:
        """For what is drawn for the share of this rank alone."""
        return streams.stream(self.seed, purpose + self.own, self.index, self.device)

    def skip(self, player: str, when: Tensor) -> None:
        """Let the player's moves change nothing, neither weights nor moments, where `when` [] is true.

        It holds until it is said anew: say it before each of the player's moves. Decided on the device, by
        the flag with which mixed precision leaves a step out: a loss times 0 would still move on by momentum.
        """
        self.optimisers[player].found_inf = when.float()

    def note(self, **statistics: Tensor) -> None:
        """Keep scalars for history.csv, on the device: no step waits for the host."""
        self.notes.update({name: value.detach() for name, value in statistics.items()})
