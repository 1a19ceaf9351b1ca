"""What a system is: players, and the moves that they make in a step."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from pipeline.data.prepared import Prepared, rows_of
from pipeline.fields import Field
from pipeline.turn import Turn

# A table that a system trains on: fields of the data by their names in the batch, and the training rows.
Drawn = tuple[Mapping[str, str], NDArray[np.int64]]
Moves = Iterator[tuple[str, Tensor]]  # a player, and what it pays: the loop makes its update


GENERATOR = "generator"  # the export that becomes exported/<name>.onnx; the others lie in <name>.parts/

OF_IMAGES = {"of": "images", "range": [-1, 1]}  # about a field that stands for those of the data
OF_VOLUMES = OF_IMAGES | {"range": [0, 1]}  # where they are volumes


class Export(NamedTuple):
    """One ONNX file: a network, its inputs in the order of its arguments, its outputs in that of its results.

    `about["of"]` of a field names the data field that it stands for: images that the generator draws are of
    `images`.
    """

    network: nn.Module
    inputs: Mapping[str, Field]
    outputs: Mapping[str, Field]


class System(nn.Module):
    """Networks, and a step written as its paper's algorithm box: a line `yield player, loss` for each update.

    The line after it runs when the update is made. Nothing that passed through a player is differentiated
    after that player's move. What the system remembers from step to step is a buffer, so that it resumes.
    """

    rounds = 1  # batches a step
    statistics: tuple[str, ...] = ()  # columns of history.csv that the step notes
    # what D pays where it tells nothing apart, and where it tells everything; None: nothing bounds it
    certain: tuple[float, float] | None = None

    def tables(self, data: Prepared) -> list[Drawn]:
        """What its batches are of: the first defines the epoch, the others serve any batch, however few.

        As it comes the tables of the data.
        """
        return [({name: name for name in table.fields}, rows_of(table, "train")) for table in data.tables]

    def players(self) -> dict[str, nn.Module]:
        """The modules under one optimiser each, by the names of their settings in params.yaml."""
        raise NotImplementedError

    def shipped(self) -> nn.ModuleDict:
        """The networks that are averaged and exported; `generator` first where there is one."""
        raise NotImplementedError

    def others(self) -> dict[str, nn.Module]:
        """The players that do not ship, or not whole: a critic is worth keeping, too."""
        shipped = {id(weight) for weight in self.shipped().parameters()}
        return {
            name: player
            for name, player in self.players().items()
            if any(id(weight) not in shipped for weight in player.parameters())
        }

    def step(self, turns: list[Turn]) -> Moves:
        """Make the moves of one step on `rounds` batches."""
        raise NotImplementedError

    def exports(self, shipped: nn.ModuleDict) -> dict[str, Export]:
        """What becomes of the shipped networks: an ONNX file each, by name."""
        raise NotImplementedError
