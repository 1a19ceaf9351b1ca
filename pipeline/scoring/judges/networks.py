"""The judges' networks, each with a point of view of its own: no score is to be an accident of one of them.

The convolutional and the dense one see shapes; the one of texture sees nothing wider than seven pixels.
"""

import itertools
import math
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pipeline.pixels import channels_last
from pipeline.streams import stream

FEATURES = 128
CONVOLUTIONAL_WIDTH = 32  # channels of the first layer
DENSE_WIDTH = 1024  # units of the first layer
TEXTURE_WIDTHS = (
    16,
    16,
    32,
)  # 64 maps, each with a mean and a deviation: as many features as the others have

LAYERS = {2: (nn.Conv2d, nn.BatchNorm2d), 3: (nn.Conv3d, nn.BatchNorm3d)}  # by axes

Network = TypeVar("Network", bound=nn.Module)


@dataclass(frozen=True)
class JudgeShape:
    """What the judge looks at, and how many outputs it tells apart."""

    channels: int
    size: int
    outputs: int
    axes: int = 2  # of a picture; 3 of a volume

    @property
    def seen(self) -> tuple[int, ...]:
        """One image [C, H, W], or volume [C, D, H, W]."""
        return self.channels, *[self.size] * self.axes


class JudgeNetwork(nn.Module):
    """A small classifier of images, or volumes, as `to_float` gives them: to features [N, 128] and logits.

    The rectified output of the dense layer after the blocks is the feature space, in a unit (`scale`) that
    makes the mean variance of a feature over the real training images 1, so that distances compare from one
    judge to another.
    """

    def __init__(self, blocks: nn.Sequential, inputs: int, outputs: int) -> None:
        """`blocks` make a map or vector of `inputs` numbers an image."""
        super().__init__()
        self.blocks = blocks
        self.dense = nn.Linear(inputs, FEATURES)
        self.classify = nn.Linear(FEATURES, outputs)
        self.register_buffer("scale", torch.ones(()))

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Return features [N, 128] and logits [N, K]."""
        features = F.relu(self.dense(self.blocks(images).flatten(1)))
        return features * self.scale, self.classify(features)

    def set_unit(self, variances: Tensor) -> None:
        """Choose `scale` by the variance of each feature over the training images, [128]."""
        self.scale /= variances.mean().sqrt()


class TextureNetwork(nn.Module):
    """A classifier of small patches: float [N, C, H, W] in [-1, 1] to features [N, 128] and logits [N, K].

    Three convolutions, unpadded and without strides, see 3, 5 and 7 pixels. The mean and the deviation of
    each of their 64 maps over all places are the features (as in Gatys et al. 2015 the maps' statistics are
    the texture), each in a unit of its own: what all real images share must not hide what few differ in.
    """

    def __init__(self, channels: int, outputs: int) -> None:
        super().__init__()
        widths = (channels, *TEXTURE_WIDTHS)
        self.layers = nn.ModuleList(
            convolution(inputs, maps, padding=0) for inputs, maps in itertools.pairwise(widths)
        )
        self.norm = nn.BatchNorm1d(FEATURES)
        self.classify = nn.Linear(FEATURES, outputs)
        self.register_buffer("scale", torch.ones(FEATURES))

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Return features [N, 128] and logits [N, K]."""
        statistics, maps = [], images
        for layer in self.layers:
            maps = layer(maps)
            variance, mean = torch.var_mean(maps, dim=(2, 3), correction=0)
            statistics += [mean, (variance + 1e-6).sqrt()]
        features = torch.cat(statistics, dim=1)
        return features * self.scale, self.classify(self.norm(features))

    def set_unit(self, variances: Tensor) -> None:
        """Choose `scale` by the variance of each feature over the training images, [128]."""
        self.scale /= variances.clamp(min=1e-12).sqrt()


def convolutional(shape: JudgeShape, width: int = CONVOLUTIONAL_WIDTH) -> JudgeNetwork:
    """Strided convolutions with batch norm and ReLU halve the picture down to 4 pixels a side or less.

    Of volumes those with a third axis: the network's rank is that of what it sees.
    """
    layer = partial(convolution, axes=shape.axes)
    blocks: list[nn.Module] = []
    channels, size, widest = shape.channels, shape.size, 4 * width
    if size > 8:  # the fine grid is costly, and a first layer needs few channels
        blocks += [layer(channels, width, kernel=5, stride=2)]
        channels, size = width, (size + 1) // 2
    while size > 4:
        width = min(2 * width, widest)
        blocks += [layer(channels, width, stride=2), layer(width, width)]
        channels, size = width, (size + 1) // 2
    return JudgeNetwork(nn.Sequential(*blocks), channels * size**shape.axes, shape.outputs)


def dense(shape: JudgeShape, width: int = DENSE_WIDTH) -> JudgeNetwork:
    """Two layers with batch norm and ReLU look at all pixels, or voxels, at once."""
    layers: list[nn.Module] = [nn.Flatten()]
    for inputs, outputs in ((math.prod(shape.seen), width), (width, width // 2)):
        layers += [nn.Linear(inputs, outputs, bias=False), nn.BatchNorm1d(outputs), nn.ReLU(inplace=True)]
    return JudgeNetwork(nn.Sequential(*layers), width // 2, shape.outputs)


def texture(shape: JudgeShape) -> TextureNetwork:
    """The network that sees patches of seven pixels and less."""
    return TextureNetwork(shape.channels, shape.outputs)


def convolution(
    channels: int, width: int, kernel: int = 3, stride: int = 1, padding: int | None = None, axes: int = 2
) -> nn.Sequential:
    """A convolution with batch norm and ReLU; padded so as to keep the size if `padding` isn't said."""
    around = kernel // 2 if padding is None else padding
    convolve, normalise = LAYERS[axes]
    conv = convolve(channels, width, kernel, stride, padding=around, bias=False)
    return nn.Sequential(conv, normalise(width), nn.ReLU(inplace=True))


ARCHITECTURES = {"convolutional": convolutional, "dense": dense, "texture": texture}


def initialise(network: Network, seed: int) -> Network:
    """Draw the weights from `seed` as in He et al. 2015, eq. (10); return the network."""
    source = stream(seed, "judge weights")
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Conv3d | nn.Linear):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu", generator=source)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    return channels_last(network)


def layers_of(network: nn.Module) -> str:
    """The layers in words, for judge.json."""
    words = []
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.Conv3d):
            sides = "x".join(map(str, layer.kernel_size))
            words.append(f"conv {layer.out_channels} {sides} s{layer.stride[0]}")
        elif isinstance(layer, nn.Linear):
            words.append(f"dense {layer.out_features}")
    return f"{', '.join(words)}; batch norm and ReLU"
