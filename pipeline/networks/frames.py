"""Between the maps of a picture and those of a box in it: a spatial transformer (Jaderberg et al. 2015).

A box has sides along those of the picture, so that bilinear sampling is a matrix product for each of the two
axes. Its weights are tents, max(0, 1 - distance), made of products of clamped ramps: no GridSample, which
small runtimes lack. A cell at the box's rim has a share of what is inside, none beyond it: a soft mask.
"""

import torch
from torch import Tensor, nn


class Frame(nn.Module):
    """`inner` cells a side that cover a box [N, 4] and a margin of it, in maps of `outer` cells a side.

    A box is left, top, width, height in shares of the picture.
    """

    inner_middles: Tensor
    outer_middles: Tensor

    def __init__(self, inner: int, outer: int, margin: float = 0.0) -> None:
        """`margin`: how far it reaches beyond the box on each side, in sides of the box."""
        super().__init__()
        self.inner, self.outer, self.margin = inner, outer, margin
        for name, cells in (("inner_middles", inner), ("outer_middles", outer)):
            middles = ((torch.arange(cells) + 0.5) / cells).reshape(1, 1, cells)
            self.register_buffer(name, middles, persistent=False)

    def cut(self, maps: Tensor, box: Tensor) -> Tensor:
        """What of maps [N, C, outer, outer] is in the boxes: [N, C, inner, inner]."""
        return self._along(maps, *(self._to_inner(box, axis) for axis in (0, 1)))

    def placed(self, maps: Tensor, box: Tensor) -> Tensor:
        """Maps [N, C, inner, inner] put into the boxes: [N, C, outer, outer], 0 around them."""
        return self._along(maps, *(self._to_outer(box, axis) for axis in (0, 1)))

    def _to_inner(self, box: Tensor, axis: int) -> Tensor:
        """The weight [N, outer, inner] that each cell of the picture has in each of the box, on one axis."""
        begin, side = self._begin_and_side(box, axis)
        at = (begin + side * self.inner_middles) * self.outer - self.outer_middles.mT * self.outer
        return _tent(at)

    def _to_outer(self, box: Tensor, axis: int) -> Tensor:
        """The weight [N, inner, outer] that each cell of the box has in each of the picture."""
        begin, side = self._begin_and_side(box, axis)
        at = (self.outer_middles - begin) / side * self.inner - self.inner_middles.mT * self.inner
        return _tent(at)

    def _begin_and_side(self, box: Tensor, axis: int) -> tuple[Tensor, Tensor]:
        begin, side = (box[:, place : place + 1].reshape(-1, 1, 1) for place in (axis, axis + 2))
        return begin - self.margin * side, side * (1 + 2 * self.margin)

    @staticmethod
    def _along(maps: Tensor, across: Tensor, down: Tensor) -> Tensor:
        """Maps [N, C, H, W] by weights [N, W, W'] and [N, H, H']: [N, C, H', W']."""
        channels, height, width = maps.shape[1:]
        cells = across.shape[2]
        rows = (maps.reshape(-1, channels * height, width) @ across).reshape(-1, channels, height, cells)
        columns = rows.mT.reshape(-1, channels * cells, height) @ down
        return columns.reshape(-1, channels, cells, cells).mT


def _tent(distance: Tensor) -> Tensor:
    """max(0, 1 - |distance|)."""
    return (1 - distance).clamp(0, 1) * (1 + distance).clamp(0, 1)
