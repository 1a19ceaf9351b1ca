"""What an inversion descends, as an ONNX file: how far a generator's picture of z is from a given one.

torch's exporter can't take a network that calls autograd. So the gradient is traced into plain operations
first (make_fx), with the backward operations that ONNX has no word for written as forward ones.
"""

from collections.abc import Sequence

import numpy as np
import onnx
import torch
from torch import Tensor, nn
from torch.fx.experimental.proxy_tensor import make_fx

from pipeline.errors import RunError
from pipeline.export.canonical import PORTABLE, canonical
from pipeline.export.to_onnx import batches, example_inputs, largest_difference, results, trace
from pipeline.fields import Field
from pipeline.kinds.mask import of as mask_of
from pipeline.systems.base import Export

SEARCH = "search"  # the part's name
BESIDE = ("label", "category", "code")  # what such a generator may take beside its latent
# Sums over what was broadcast, on which side of zero a unit or a difference was, the slope of Softplus: the
# runtimes of the plain file need not know them, for only ONNX Runtime searches. They mean the same at opset
# 17 and at that of the exporter.
OPERATORS = PORTABLE | {"Abs", "Exp", "LessOrEqual", "Max", "Neg", "ReduceSum", "Sign"}
TOLERANCE = 1e-4  # of the relative difference of the gradients of one row; measured ones are near 4e-7
FLAT = 1e-3  # length below which a gradient is that of saturated pixels, and mostly rounding

aten = torch.ops.aten


class NotTracedError(Exception):
    """The gradient needs an operation that this file has no forward operations for."""


class Search(nn.Module):
    """z [N, z_dim], what goes beside it, target [N, C, H, W], mask [N, 1, H, W], absolute [N] -> two outputs.

    The loss [N] is the mean of (image - target)^2 over all channels of the pixels, each weighted by the mask,
    0 where it counts none; of |image - target| where `absolute` is 1, and between them the sum of the shares.
    The gradient [N, z_dim] is that with respect to z.
    """

    def __init__(self, generator: nn.Module) -> None:
        super().__init__()
        self.generator = generator.requires_grad_(False)

    def forward(self, z: Tensor, *others: Tensor) -> tuple[Tensor, Tensor]:
        *beside, target, mask, absolute = others
        with torch.enable_grad():
            z = z.detach().requires_grad_()
            made = self.generator(z, *beside)
        image = made[0] if isinstance(made, tuple) else made
        counted = (mask.flatten(1).sum(1) * image.shape[1]).clamp(min=1)
        difference, weight = image - target, mask / counted.reshape(-1, 1, 1, 1)
        share = absolute.reshape(-1, 1, 1, 1)
        straight, square = weight * share, weight * (1 - share)
        loss = (straight * difference.abs() + square * difference * difference).flatten(1).sum(1)
        (gradient,) = torch.autograd.grad(image, z, straight * difference.sign() + 2 * square * difference)
        return loss, gradient


def searching(generator: Export) -> Export | None:
    """The search of a generator; None where it takes other things than one latent and what BESIDE names.

    Of several images that it gives, the first is held against the target.
    """
    latents = [name for name, field in generator.inputs.items() if field.kind == "latent"]
    others = [field.kind for field in generator.inputs.values() if field.kind != "latent"]
    image = next(iter(generator.outputs.values()))
    first = next(iter(generator.inputs))
    if latents != [first] or not set(others) <= set(BESIDE) or image.kind != "image":
        return None
    taken = {"target": image, "mask": mask_of(image), "absolute": Field("numbers")}
    size = generator.inputs[first].shape
    given = {"loss": Field("numbers"), "gradient": Field("numbers", size)}
    return Export(Search(generator.network), {**generator.inputs, **taken}, given)


def as_onnx(search: Export, seed: int) -> tuple[onnx.ModelProto, float]:
    """The canonical model of a search, and the largest difference to torch's autograd.

    NotTracedError where the gradient can't be written in OPERATORS. RunError where the gradients differ. A
    unit at the edge of its ReLU may be on here and off there, which moves the gradient of that row: half of
    the rows must keep to TOLERANCE.
    """
    network = search.network.cpu().float().eval()
    try:
        model = canonical(trace(_traced(network, search), search), OPERATORS)
    except (torch.onnx.OnnxExporterError, ValueError) as error:
        raise NotTracedError(str(error).strip().splitlines()[0]) from error
    both = results(model, network, batches(search, seed))
    relative = np.concatenate([_relative(*outputs[-1]) for outputs in both])
    if np.median(relative) > TOLERANCE:
        raise RunError(f"the gradients differ from torch's by {np.median(relative):.2g} of their length")
    return model, largest_difference(both)


def _traced(network: nn.Module, search: Export) -> nn.Module:
    """The same as one graph of forward operations, for any N.

    Sides of one size would share a symbol: it is traced with more rows than any side has.
    """
    sides = [side for field in search.inputs.values() for side in field.shape]
    rows = example_inputs(search, max(sides) + 1, 0)
    graph = make_fx(network, FORWARD, tracing_mode="symbolic", _allow_non_fake_inputs=True)(*rows)
    graph.graph.eliminate_dead_code()
    return graph


def _convolution_backward(
    gradient: Tensor,
    x: Tensor,
    weight: Tensor,
    _bias: Sequence[int] | None,
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
    transposed: bool,
    _output_padding: Sequence[int],
    groups: int,
    _wanted: Sequence[bool],
) -> tuple[Tensor, None, None]:
    """The gradient with respect to x of a convolution, a transposed one, and the other way round."""
    settings = (stride, padding, dilation)
    if transposed:
        return aten.convolution(gradient, weight, None, *settings, False, [0, 0], groups), None, None
    sides = zip(x.shape[2:], weight.shape[2:], *settings, strict=True)
    # rows and columns at the end that no step of the stride reached
    cut = [(side + 2 * pad - apart * (kernel - 1) - 1) % step for side, kernel, step, pad, apart in sides]
    return aten.convolution(gradient, weight, None, *settings, True, cut, groups), None, None


def _same(x: Tensor) -> Tensor:
    return x


FORWARD = {
    aten.convolution_backward.default: _convolution_backward,
    aten.detach.default: _same,
    aten.alias.default: _same,
}


def _relative(found: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """How far each row [N, n] is from the other, in the other's length: [N]."""
    lengths = np.linalg.norm(expected, axis=1).clip(min=FLAT)
    return np.linalg.norm(found - expected, axis=1) / lengths
