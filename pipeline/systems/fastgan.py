"""FastGAN (Liu et al. 2021), for few images: the discriminator must also be able to redraw what it sees.

The generator's noise maps are left out: an exported file draws none.
"""

from collections.abc import Callable, Mapping
from functools import partial
from itertools import pairwise
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, l1_loss

from pipeline import params as p
from pipeline.fields import Fields, class_count
from pipeline.game import Game, Losses
from pipeline.networks.equalised import DoublingConv, plain
from pipeline.networks.initialisation import dcgan_init
from pipeline.networks.pixel_norm import PixelNorm
from pipeline.networks.widths import capped
from pipeline.penalties import Critic, Sample
from pipeline.precision import full_precision
from pipeline.systems.adversarial import Adversarial, DiscriminatorBase
from pipeline.systems.base import GENERATOR, Export

REACH = 16  # times the size from where a skip starts
LEAST, MOST = 4, 16  # pixels a side where one may start


class Params(p.LatentParams):
    """z_dim 256; `width` 16 and `widest` 1024 for 256 pixels, 64 and 1024 for 64."""

    conditional: bool  # are both networks told the class?
    width: p.Count  # maps at full size; doubled with each halving, down to 4x4
    widest: p.Count  # maps at most
    reconstruction: p.Positive  # weight, in the discriminator's loss, of how far its redrawn images are off

    sizes: ClassVar = (32, 64, 128, 256)
    discriminator_batch_norm: ClassVar = True


class Gated(nn.Module):
    """A convolution and batch norm of x [N, ...], each map let through by one of a second of that form (GLU).

    Two layers, not halves of one: the gradient of a slice has no word in ONNX that a search could use.
    """

    def __init__(self, convolution: Callable[[], nn.Module], maps: int) -> None:
        """`convolution` makes one that has so many `maps`."""
        super().__init__()
        self.value, self.gate = (nn.Sequential(convolution(), nn.BatchNorm2d(maps)) for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        return self.value(x) * torch.sigmoid(self.gate(x))


def _doubled(inputs: int, outputs: int) -> Gated:
    """Each pixel four times, 3x3, batch norm, gates: twice the side."""
    return Gated(partial(DoublingConv, inputs, outputs, scale=1.0), outputs)


class Skip(nn.Module):
    """Skip-layer excitation: maps [N, inputs, side, side] -> factors of others [N, outputs, 1, 1]."""

    def __init__(self, side: int, inputs: int, outputs: int) -> None:
        super().__init__()
        self.pool = side // LEAST
        self.layers = nn.Sequential(
            *(nn.Conv2d(inputs, outputs, LEAST), nn.LeakyReLU(0.1)),
            *(nn.Conv2d(outputs, outputs, 1), nn.Sigmoid()),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(avg_pool2d(x, self.pool) if self.pool > 1 else x)


class Generator(nn.Module):
    """z [N, z_dim], labels [N] -> image [N, C, size, size] in [-1, 1] (section 3.1)."""

    def __init__(self, model: Params, classes: int, channels: int, size: int) -> None:
        """No `classes`: the label is not used."""
        super().__init__()
        maps = capped(model.width, model.widest, size)
        at = {LEAST << level: count for level, count in enumerate(maps)}
        self.z_dim = model.z_dim
        self.table = nn.Embedding(classes, model.z_dim) if classes else None
        self.norm = PixelNorm(model.z_dim)
        inputs, first = model.z_dim * (2 if classes else 1), maps[0]
        self.start = Gated(partial(nn.ConvTranspose2d, inputs, first, 4, bias=False), first)
        self.ups = nn.ModuleList(_doubled(below, here) for below, here in pairwise(maps))
        self.skips = nn.ModuleDict(
            {
                str(side): Skip(side, count, at[REACH * side])
                for side, count in at.items()
                if side <= MOST and REACH * side <= size
            }
        )
        self.to_image = nn.Conv2d(maps[-1], channels, 3, padding=1)
        dcgan_init(self)
        if self.table is not None:
            nn.init.normal_(self.table.weight)  # as long as z

    def forward(self, z: Tensor, labels: Tensor | None) -> Tensor:
        told = self.norm(z.reshape(-1, self.z_dim, 1, 1))
        if self.table is not None:
            told = torch.cat([told, self.table(labels).reshape(-1, self.z_dim, 1, 1)], 1)
        x, side, factors = self.start(told), LEAST, {}
        for up in self.ups:
            if str(side) in self.skips:
                factors[REACH * side] = self.skips[str(side)](x)
            x, side = up(x), 2 * side
            if side in factors:
                x = x * factors[side]
        with full_precision(x.device):  # bfloat16 is too coarse for grey levels
            return torch.tanh(self.to_image(x.float()))


class Halved(nn.Module):
    """Maps [N, inputs, H, W] -> [N, outputs, H / 2, W / 2]: the mean of two convolutions' and one's."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.main = nn.Sequential(
            *(nn.Conv2d(inputs, outputs, 4, 2, 1, bias=False), nn.BatchNorm2d(outputs), nn.LeakyReLU(0.2)),
            *(nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False), nn.BatchNorm2d(outputs), nn.LeakyReLU(0.2)),
        )
        self.direct = nn.Sequential(
            *(nn.AvgPool2d(2), nn.Conv2d(inputs, outputs, 1, bias=False)),
            *(nn.BatchNorm2d(outputs), nn.LeakyReLU(0.2)),
        )

    def forward(self, x: Tensor) -> Tensor:
        return (self.main(x) + self.direct(x)) / 2


def _decoder(maps: int, channels: int, size: int) -> nn.Sequential:
    """Maps [N, maps, 8, 8] -> image [N, C, size, size] in [-1, 1]."""
    layers: list[nn.Module] = []
    for _ in range((size // 8).bit_length() - 1):
        layers.append(_doubled(maps, -(-maps // 2)))
        maps = -(-maps // 2)
    return nn.Sequential(*layers, nn.Conv2d(maps, channels, 3, padding=1), nn.Tanh())


class Discriminator(DiscriminatorBase):
    """Image [N, C, size, size], labels [N] -> logits [N]; where it is told the class, by a projection.

    From its maps of 8x8 it redraws the image at half the size, and a quarter of the image from that quarter
    of its maps of 16x16 (section 3.2).
    """

    def __init__(self, model: Params, classes: int, channels: int, size: int) -> None:
        super().__init__()
        maps = capped(model.width, model.widest, size)
        four, eight, sixteen = maps[:3]
        downs = [Halved(here, below) for here, below in pairwise(maps[:1:-1])]
        stem = nn.Conv2d(channels, maps[-1], 3, padding=1)
        self.fine = nn.Sequential(stem, nn.LeakyReLU(0.2), *downs)
        self.coarse = Halved(sixteen, eight)
        self.layers = nn.Sequential(
            *(nn.Conv2d(eight, four, 4, 2, 1, bias=False), nn.BatchNorm2d(four), nn.LeakyReLU(0.2)),
            nn.Flatten(),
        )
        self.last = nn.Linear(16 * four, 1)
        self.table = nn.Embedding(classes, 16 * four) if classes else None
        self.whole, self.quarter = (_decoder(count, channels, size // 2) for count in (eight, sixteen))
        dcgan_init(self)

    def maps(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Maps [N, n, 16, 16] and [N, m, 8, 8] of images [N, C, size, size]."""
        fine = self.fine(x)
        return fine, self.coarse(fine)

    def of_maps(self, coarse: Tensor) -> Tensor:
        """Features [N, n] of the maps of 8x8."""
        return self.layers(coarse)

    def features(self, x: Tensor, labels: Tensor) -> Tensor:
        return self.of_maps(self.maps(x)[1])

    def head(self, features: Tensor, labels: Tensor) -> Tensor:
        logits = self.last(features).squeeze(1)
        return logits if self.table is None else logits + (self.table(labels) * features).sum(1)

    def redrawn(self, fine: Tensor, coarse: Tensor, down: int, right: int) -> tuple[Tensor, Tensor]:
        """The whole at half the size; the quarter that lies `down` and `right` (0, 1) as it is."""
        return self.whole(coarse), self.quarter(_quarter(fine, down, right))


def _quarter(x: Tensor, down: int, right: int) -> Tensor:
    half = x.shape[-1] // 2
    return x[:, :, down * half : (down + 1) * half, right * half : (right + 1) * half]


class RedrawingGame(Game):
    """As `Game`; the discriminator also pays for how it redraws real images, as it sees them (eq. (1)).

    Their distance is the mean difference of a pixel. The published code takes one of learnt features.
    """

    def __init__(self, params: p.Params[Params]) -> None:
        super().__init__(params)
        self.weight = params.model.reconstruction

    def critic_losses(self, critic: Critic, real: Sample, fake: Sample) -> Losses:
        images, labels = real
        fine, coarse = critic.maps(images)
        real_logits, fake_logits = (
            critic.logits(critic.of_maps(coarse), labels).float(),
            critic(*fake).float(),
        )
        # the loop seeds torch's own generator at every step, as for dropout
        down, right = torch.randint(2, (2,)).tolist()
        whole, quarter = critic.redrawn(fine, coarse, down, right)
        off = l1_loss(whole.float(), avg_pool2d(images, 2))
        off = off + l1_loss(quarter.float(), _quarter(images, down, right))
        told = self.objective.discriminator(real_logits, fake_logits).mean()
        return Losses(told + self.weight * off, real_logits, fake_logits)


class Model(Adversarial):
    """The system `fastgan`."""

    def __init__(self, params: p.Params[Params], data: Fields) -> None:
        model, channels, size = params.model, data["images"].shape[0], params.data.size
        classes = class_count(data["labels"]) if model.conditional else 0
        super().__init__(
            params,
            data,
            Generator(model, classes, channels, size),
            Discriminator(model, classes, channels, size),
            RedrawingGame(params),
        )

    def exports(self, shipped: Mapping[str, nn.Module]) -> dict[str, Export]:
        return super().exports({GENERATOR: plain(shipped[GENERATOR])})
