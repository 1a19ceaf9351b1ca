"""The discriminator of patches (Isola et al. 2017, section 3.2.2)."""

from torch import Tensor, nn

from pipeline.errors import UserError

DEEPEST = 8  # maps at most, in widths


def check_halvings(halvings: int, size: int) -> None:
    """UserError where nothing is left of an image of `size` pixels a side."""
    if size >> halvings < 4:
        raise UserError(
            f"model.halvings: {halvings} leave nothing of an image of {size} pixels; at most "
            f"{(size // 4).bit_length() - 1}"
        )


class PatchDiscriminator(nn.Module):
    """Image [N, C, H, W] -> a logit for each patch [N, 1, h, w].

    `halvings` strided convolutions, then two of stride 1: with three a patch has 70 pixels, with two 34, with
    one 16.
    """

    def __init__(self, channels: int, width: int, halvings: int) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(channels, width, 4, 2, 1), nn.LeakyReLU(0.2)]
        maps = width
        for level in range(1, halvings + 1):
            inputs, maps = maps, width * min(2**level, DEEPEST)
            stride = 2 if level < halvings else 1
            layers += [nn.Conv2d(inputs, maps, 4, stride, 1), nn.InstanceNorm2d(maps), nn.LeakyReLU(0.2)]
        self.layers = nn.Sequential(*layers, nn.Conv2d(maps, 1, 4, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)
