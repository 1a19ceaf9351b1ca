"""The judges' networks: one convolutional, one dense, so that no score is an accident of one architecture."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pipeline.streams import stream

FEATURES = 128
CONVOLUTIONAL_WIDTH = 32  # channels of the first layer
DENSE_WIDTH = 1024  # units of the first layer


@dataclass(frozen=True)
class JudgeShape:
    """What the judge looks at, and how many outputs it tells apart."""

    channels: int
    size: int
    outputs: int


class JudgeNetwork(nn.Module):
    """A small classifier: float [N, C, H, W] in [-1, 1] to features [N, 128] and logits [N, K].

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


def convolutional(shape: JudgeShape, width: int = CONVOLUTIONAL_WIDTH) -> JudgeNetwork:
    """Strided convolutions with batch norm and ReLU halve the picture down to 4 pixels a side or less."""
    blocks: list[nn.Module] = []
    channels, size, widest = shape.channels, shape.size, 4 * width
    if size > 8:  # the fine grid is costly, and a first layer needs few channels
        blocks += [_convolution(channels, width, kernel=5, stride=2)]
        channels, size = width, (size + 1) // 2
    while size > 4:
        width = min(2 * width, widest)
        blocks += [_convolution(channels, width, stride=2), _convolution(width, width)]
        channels, size = width, (size + 1) // 2
    return JudgeNetwork(nn.Sequential(*blocks), channels * size * size, shape.outputs)


def dense(shape: JudgeShape, width: int = DENSE_WIDTH) -> JudgeNetwork:
    """Two layers with batch norm and ReLU look at all pixels at once."""
    layers: list[nn.Module] = [nn.Flatten()]
    for inputs, outputs in ((shape.channels * shape.size**2, width), (width, width // 2)):
        layers += [nn.Linear(inputs, outputs, bias=False), nn.BatchNorm1d(outputs), nn.ReLU(inplace=True)]
    return JudgeNetwork(nn.Sequential(*layers), width // 2, shape.outputs)


def _convolution(channels: int, width: int, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    conv = nn.Conv2d(channels, width, kernel, stride, padding=kernel // 2, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(width), nn.ReLU(inplace=True))


ARCHITECTURES = {"convolutional": convolutional, "dense": dense}


def initialise(network: JudgeNetwork, seed: int) -> JudgeNetwork:
    """Draw the weights from `seed` as in He et al. 2015, eq. (10); return the network."""
    source = stream(seed, "judge weights")
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu", generator=source)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    return network.to(memory_format=torch.channels_last)


def layers_of(network: JudgeNetwork) -> str:
    """The layers in words, for judge.json."""
    words = []
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            height, width = layer.kernel_size
            words.append(f"conv {layer.out_channels} {height}x{width} s{layer.stride[0]}")
        elif isinstance(layer, nn.Linear):
            words.append(f"dense {layer.out_features}")
    return f"{', '.join(words)}; ReLU, batch norm in front of it but for the last two"
