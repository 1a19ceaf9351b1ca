"""Weight norm that starts from the data (Salimans and Kingma 2016)."""

import copy
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm
from torch.nn.utils.parametrize import is_parametrized


def normed_linear(inputs: int, outputs: int, *, learns_gain: bool) -> nn.Linear:
    """A linear layer whose weight is gain * v / |v|, with v from N(0, 0.1), gains of 1 and biases of 0.

    A gain that is not learnt stays as the data set it: what the layer gives can't grow without bound.
    """
    layer = nn.Linear(inputs, outputs)
    nn.init.normal_(layer.weight, 0, 0.1)
    nn.init.zeros_(layer.bias)
    normed = weight_norm(layer)
    parts = normed.parametrizations.weight
    nn.init.ones_(parts.original0)
    if not learns_gain:
        gain = parts.original0.detach()
        del parts.original0
        parts.register_buffer("original0", gain)
    return normed


@torch.no_grad()
def start_from(network: nn.Module, run: Callable[[], Tensor]) -> None:
    """Set gains and biases so that in `run()` each layer's outputs have mean 0 and deviation 1 (section 3).

    Layer by layer, each on what those before it give now. Nothing waits for the device.
    """

    def start(layer: nn.Linear, _: tuple[Tensor], outputs: Tensor) -> Tensor:
        gains, centred = layer.parametrizations.weight.original0, outputs - layer.bias
        mean, deviation = centred.mean(0), centred.std(0).clamp(min=1e-6)
        gains.div_(deviation[:, None])
        layer.bias.copy_(-mean / deviation)
        return (centred - mean) / deviation

    layers = [layer for layer in network.modules() if isinstance(layer, nn.Linear)]
    hooks = [layer.register_forward_hook(start) for layer in layers]
    run()
    for hook in hooks:
        hook.remove()


def plain(network: nn.Module) -> nn.Module:
    """A copy with the weights that the norm gives, as it ships."""
    network = copy.deepcopy(network)
    normed = {name: layer for name, layer in network.named_modules() if is_parametrized(layer)}
    for name, layer in normed.items():  # remove_parametrizations would strip the layer that was copied, too
        bare = nn.Linear(layer.in_features, layer.out_features)
        bare.weight = nn.Parameter(layer.weight.detach())
        bare.bias = layer.bias
        network.set_submodule(name, bare)
    return network
