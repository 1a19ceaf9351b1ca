"""Residual blocks, and a network of them (Johnson et al. 2016; Zhu et al. 2017, section 7.2)."""

from torch import Tensor, nn

HALVINGS = 2


class ResidualBlock(nn.Module):
    """x + what two 3x3 convolutions make of it; [N, maps, H, W] to the same."""

    def __init__(self, maps: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.ReflectionPad2d(1),
            nn.Conv2d(maps, maps, 3),
            nn.InstanceNorm2d(maps),
            nn.ReLU(),
            nn.ReflectionPad2d(1),
            nn.Conv2d(maps, maps, 3),
            nn.InstanceNorm2d(maps),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x)


class BatchNormBlock(nn.Module):
    """The same with zeros at the rim and batch norm (Ledig et al. 2017, figure 4)."""

    def __init__(self, maps: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(maps, maps, 3, padding=1, bias=False),
            nn.BatchNorm2d(maps),
            nn.PReLU(),
            nn.Conv2d(maps, maps, 3, padding=1, bias=False),
            nn.BatchNorm2d(maps),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x)


class ResidualNetwork(nn.Module):
    """Image [N, C, H, W] -> image [N, C', H, W] in [-1, 1].

    7x7 to `width` maps, two halvings, `blocks` residual blocks, two doublings, 7x7 to the outputs.
    """

    def __init__(self, inputs: int, outputs: int, width: int, blocks: int) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.ReflectionPad2d(3), nn.Conv2d(inputs, width, 7)]
        layers += [nn.InstanceNorm2d(width), nn.ReLU()]
        for level in range(HALVINGS):
            maps = width << level
            layers += [nn.Conv2d(maps, 2 * maps, 3, 2, 1), nn.InstanceNorm2d(2 * maps), nn.ReLU()]
        layers += [ResidualBlock(width << HALVINGS) for _ in range(blocks)]
        for level in reversed(range(HALVINGS)):
            maps = width << level
            layers += [nn.ConvTranspose2d(2 * maps, maps, 3, 2, 1, output_padding=1)]
            layers += [nn.InstanceNorm2d(maps), nn.ReLU()]
        layers += [nn.ReflectionPad2d(3), nn.Conv2d(width, outputs, 7), nn.Tanh()]
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)
