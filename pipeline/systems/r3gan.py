"""R3GAN (Huang et al. 2024): residual networks without norms, in a relativistic game with R1 and R2."""

import math
from collections.abc import Mapping
from itertools import pairwise
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, conv_transpose2d, relu

from pipeline import params as p
from pipeline.fields import Fields, class_count
from pipeline.game import Game
from pipeline.networks.widths import capped
from pipeline.precision import full_precision
from pipeline.systems.adversarial import Adversarial, DiscriminatorBase
from pipeline.systems.base import GENERATOR, Export

SLOPE = 0.2  # of the leaky ReLU
RECTIFIED = math.sqrt(2 / (1 + SLOPE**2))  # the gain of the layer before it (He et al. 2015, eq. (14))
GROUP = 16  # maps of a group, in the 3x3 convolutions


class Params(p.LatentParams):
    """`width` 768, `widest` 768 and two blocks for CIFAR-10; 384, 768 for 64 pixels; 96, 768 for 256."""

    conditional: bool  # are both networks told the class?
    width: p.Count  # maps at full size; doubled with each halving, down to 4x4
    widest: p.Count  # maps at most
    blocks: p.Count  # residual blocks at each size

    sizes: ClassVar = (32, 64, 128, 256)
    takes_virtual_batch_norm: ClassVar = False


def _drawn(layer: nn.Module, gain: float = 1.0) -> nn.Module:
    """Draw the weights of a layer from N(0, gain^2 / inputs); its biases, where it has them, are 0."""
    nn.init.normal_(layer.weight, 0, gain / math.sqrt(layer.weight[0].numel()))
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


def _table(classes: int, numbers: int, gain: float = 1.0) -> nn.Embedding:
    """A linear layer on a one-hot label: of each class its row."""
    table = nn.Embedding(classes, numbers)
    nn.init.normal_(table.weight, 0, gain / math.sqrt(classes))
    return table


def _pointwise(inputs: int, outputs: int) -> nn.Module:
    return _drawn(nn.Conv2d(inputs, outputs, 1, bias=False))


class Block(nn.Module):
    """x + what three convolutions make of it, at the start nothing; [N, maps, H, W] to the same (figure 4).

    Without norms, the weights start smaller the more `blocks` a network has in all, to the power of
    -1 / (2 m - 2) for m = 3 layers a block (Zhang et al. 2019, Fixup).
    """

    def __init__(self, maps: int, blocks: int) -> None:
        super().__init__()
        wide, gain = 2 * maps, RECTIFIED * blocks**-0.25
        groups = wide // math.gcd(wide, GROUP)
        self.layers = nn.Sequential(
            *(_drawn(nn.Conv2d(maps, wide, 1), gain), nn.LeakyReLU(SLOPE)),
            *(_drawn(nn.Conv2d(wide, wide, 3, padding=1, groups=groups), gain), nn.LeakyReLU(SLOPE)),
            _drawn(nn.Conv2d(wide, maps, 1, bias=False), 0),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x)


class Resampling(nn.Module):
    """Maps at half, or where `up` at twice, the size: each alone, by [1, 3, 3, 1] along both axes."""

    weight: Tensor

    def __init__(self, maps: int, up: bool) -> None:
        super().__init__()
        self.maps, self.up = maps, up
        kernel = torch.tensor([1.0, 3.0, 3.0, 1.0]) / (4 if up else 8)
        weight = torch.outer(kernel, kernel).repeat(maps, 1, 1, 1)
        self.register_buffer("weight", weight, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        resampled = conv_transpose2d if self.up else conv2d
        return resampled(x, self.weight.to(x.dtype), stride=2, padding=1, groups=self.maps)


def _doubling(inputs: int, outputs: int) -> list[nn.Module]:
    """The 1x1 convolution is where there are fewer pixels; none where the maps stay."""
    return [*([_pointwise(inputs, outputs)] * (inputs != outputs)), Resampling(outputs, up=True)]


def _halving(inputs: int, outputs: int) -> list[nn.Module]:
    return [Resampling(inputs, up=False), *([_pointwise(inputs, outputs)] * (inputs != outputs))]


class Generator(nn.Module):
    """z [N, z_dim], labels [N] -> image [N, C, size, size], beyond [-1, 1], too.

    It begins with a learnt map of 4x4 for each of its maps, scaled by what z and class say.
    """

    def __init__(self, model: Params, classes: int, channels: int, size: int) -> None:
        """No `classes`: the label is not used."""
        super().__init__()
        maps = capped(model.width, model.widest, size)
        self.table = _table(classes, model.z_dim) if classes else None
        self.basis = nn.Parameter(torch.randn(1, maps[0], 4, 4))
        self.scales = _drawn(nn.Linear(model.z_dim * (2 if classes else 1), maps[0], bias=False))
        count = model.blocks * len(maps)
        layers: list[nn.Module] = [Block(maps[0], count) for _ in range(model.blocks)]
        for below, here in pairwise(maps):
            layers += [*_doubling(below, here), *(Block(here, count) for _ in range(model.blocks))]
        self.layers = nn.Sequential(*layers)
        self.to_image = _pointwise(maps[-1], channels)

    def forward(self, z: Tensor, labels: Tensor | None) -> Tensor:
        told = z if self.table is None else torch.cat([z, self.table(labels)], 1)
        drawn = self.layers(self.basis * self.scales(told).reshape(-1, self.basis.shape[1], 1, 1))
        with full_precision(drawn.device):  # bfloat16 is too coarse for grey levels
            return self.to_image(drawn.float())


class Discriminator(DiscriminatorBase):
    """Image [N, C, size, size], labels [N] -> logits [N]: the generator in reverse.

    The logit is the sum over `numbers` of the image times the same of its class; without classes one number.
    """

    def __init__(self, model: Params, classes: int, channels: int, size: int) -> None:
        super().__init__()
        maps = capped(model.width, model.widest, size)
        count = model.blocks * len(maps)
        layers: list[nn.Module] = [_pointwise(channels, maps[-1])]
        for here, below in pairwise(maps[::-1]):
            layers += [*(Block(here, count) for _ in range(model.blocks)), *_halving(here, below)]
        layers += [Block(maps[0], count) for _ in range(model.blocks)]
        basis = _drawn(nn.Conv2d(maps[0], maps[0], 4, groups=maps[0], bias=False))
        self.layers = nn.Sequential(*layers, basis, nn.Flatten())
        numbers = model.z_dim if classes else 1
        self.last = _drawn(nn.Linear(maps[0], numbers, bias=False))
        self.table = _table(classes, numbers, numbers**-0.5) if classes else None

    def head(self, features: Tensor, labels: Tensor) -> Tensor:
        numbers = self.last(features)
        return (numbers if self.table is None else numbers * self.table(labels)).sum(1)


class Shown(nn.Module):
    """What a generator draws, within [-1, 1], as it ships."""

    def __init__(self, generator: nn.Module) -> None:
        super().__init__()
        self.generator = generator

    def forward(self, z: Tensor, label: Tensor | None = None) -> Tensor:
        # as clamp does, but its gradient needs operators that not every runtime has
        return 1 - relu(2 - relu(self.generator(z, label) + 1))


class Model(Adversarial):
    """The system `r3gan`; the slopes are penalised at images before their augmentation, as published."""

    def __init__(self, params: p.Params[Params], data: Fields) -> None:
        model, channels, size = params.model, data["images"].shape[0], params.data.size
        classes = class_count(data["labels"]) if model.conditional else 0
        super().__init__(
            params,
            data,
            Generator(model, classes, channels, size),
            Discriminator(model, classes, channels, size),
            Game(params, slope_before_views=True),
        )

    def exports(self, shipped: Mapping[str, nn.Module]) -> dict[str, Export]:
        (plain,) = super().exports(shipped).values()
        return {GENERATOR: plain._replace(network=Shown(shipped[GENERATOR]))}
