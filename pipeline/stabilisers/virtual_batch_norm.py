"""Virtual batch normalisation: an image does not depend on the others of its batch (Salimans et al. 2016)."""

import torch
from torch import Tensor, nn


class VirtualBatchNorm(nn.Module):
    """Takes the place of a batch norm; the first `reference` rows of its input are the reference batch.

    Section 3.4: each example is normalised by the statistics of the reference batch and itself, which counts
    as one more of its rows. In evaluation the reference statistics stand alone, as constants: the example's
    own share, 1 / (reference + 1), would keep a batch norm from being folded in the exported file.
    """

    def __init__(self, norm: nn.BatchNorm1d | nn.BatchNorm2d, reference: int) -> None:
        super().__init__()
        self.reference = reference
        self.eps = norm.eps
        self.weight, self.bias = norm.weight, norm.bias
        self.register_buffer("running_mean", norm.running_mean)
        self.register_buffer("running_var", norm.running_var)

    def forward(self, x: Tensor) -> Tensor:
        """x [N, C, ...]; in training its first rows are the reference batch, and are given back, too."""
        if not self.training:
            mean, variance = (_as_rows(value, x) for value in (self.running_mean, self.running_var))
            return self._affine((x - mean) * (variance + self.eps).rsqrt())
        reference, examples = x[: self.reference].float(), x[self.reference :].float()
        mean, square = (_channel_means(power).mean(0, keepdim=True) for power in (reference, reference**2))
        self.running_mean = mean.detach().flatten()
        self.running_var = (square - mean**2).detach().flatten()
        own = 1 / (self.reference + 1)
        means = (1 - own) * mean + own * _channel_means(examples)
        squares = (1 - own) * square + own * _channel_means(examples**2)
        means, squares = (
            torch.cat([one.expand(self.reference, *one.shape[1:]), other])
            for one, other in ((mean, means), (square, squares))
        )
        return self._affine((x.float() - means) * (squares - means**2 + self.eps).rsqrt()).to(x.dtype)

    def _affine(self, x: Tensor) -> Tensor:
        if self.weight is None:
            return x
        return torch.addcmul(_as_rows(self.bias, x), x, _as_rows(self.weight, x))


class ReferenceBatch(nn.Module):
    """What the virtual batch norms of a generator measure: latents z [N, z_dim] and labels [N], fixed."""

    def __init__(self, z: Tensor, labels: Tensor) -> None:
        super().__init__()
        self.register_buffer("z", z)
        self.register_buffer("labels", labels)

    def sample(self, generator: nn.Module, z: Tensor, labels: Tensor) -> Tensor:
        """The images of `generator`, made virtual and in training, for z [M, z_dim] and labels [M]."""
        images = generator(torch.cat([self.z, z]), torch.cat([self.labels, labels]))
        return images[len(self.z) :]


def make_virtual(network: nn.Module, reference: int) -> None:
    """Replace every batch norm of `network`; the reference batch has `reference` rows."""
    for name, layer in list(network.named_modules()):
        if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
            network.set_submodule(name, VirtualBatchNorm(layer, reference))


def _channel_means(x: Tensor) -> Tensor:
    """The mean of each row's channels over the pixels: [N, C, 1, 1], or [N, C] as it is."""
    return x.mean((2, 3), keepdim=True) if x.ndim == 4 else x


def _as_rows(value: Tensor, like: Tensor) -> Tensor:
    """One value a channel, shaped to go with [N, C, ...]."""
    return value.reshape(1, -1, *(1,) * (like.ndim - 2))
