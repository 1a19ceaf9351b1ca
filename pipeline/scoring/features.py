"""What a network sees in images: features for a linear classifier to read."""

from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import adaptive_max_pool2d, adaptive_max_pool3d

from pipeline.fields import Fields
from pipeline.pixels import to_float
from pipeline.streams import draw, stream

Look = Callable[[NDArray[np.uint8]], NDArray[np.float32]]  # images [N, C, H, W] to features [N, D]
GRID = 4  # pixels a side that each layer's maps are max-pooled to


def pixels(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Images uint8 [N, C, H, W] as they are: float32 [N, C H W]."""
    return images.reshape(len(images), -1).astype(np.float32)


def of_discriminator(network: nn.Module, classes: int) -> Look:
    """How a discriminator, called with images and labels, sees images: pooled maps, or hidden units."""
    if any(isinstance(layer, nn.Conv2d | nn.Conv3d) for layer in network.modules()):
        return partial(pooled_features, network, classes=classes)
    return lambda images: hidden_features(network, *_unlabelled(images))


def of_encoder(network: nn.Module, inputs: Fields, outputs: Fields, seed: int) -> dict[str, Look]:
    """The last hidden layer of an exported encoder, as `encoder`, and what it puts out, as `code`.

    Of its outputs those that stand for an input of the generator; what it takes beside the image is drawn.
    """
    noise = [field for field in inputs.values() if field.kind != "image"]

    def given(images: NDArray[np.uint8]) -> list[Tensor]:
        source = stream(seed, "representation noise")
        return [_pixels(images), *(draw(field, len(images), source) for field in noise)]

    @torch.inference_mode()
    def code(images: NDArray[np.uint8]) -> NDArray[np.float32]:
        found = network(*given(images))
        named = zip(outputs.values(), found if isinstance(found, tuple) else (found,), strict=True)
        return torch.cat([values for field, values in named if "of" in field.about], dim=1).numpy()

    return {"encoder": lambda images: hidden_features(network, *given(images)), "code": code}


@torch.inference_mode()
def hidden_features(network: nn.Module, *inputs: Tensor) -> NDArray[np.float32]:
    """What the last linear layer that runs is given, float32 [N, D], on inputs [N, ...].

    But for a layer `minibatch`, which speaks of the rest of the batch.
    """
    given: list[Tensor] = []
    hooks = [
        layer.register_forward_pre_hook(lambda _layer, inputs: given.append(inputs[0]))
        for name, layer in network.named_modules()
        if isinstance(layer, nn.Linear) and not name.startswith("minibatch.")
    ]
    network(*inputs)
    for hook in hooks:
        hook.remove()
    return given[-1].flatten(1).numpy()


@torch.inference_mode()
def pooled_features(discriminator: nn.Module, images: NDArray[np.uint8], classes: int) -> NDArray[np.float32]:
    """The maps of all convolutional layers, pooled to 4x4: uint8 [N, C, H, W] to float32 [N, 16 maps].

    Of volumes, uint8 [N, 1, D, H, W], those of three axes, to 4x4x4: float32 [N, 64 maps].
    """
    pool = adaptive_max_pool2d if images.ndim == 4 else adaptive_max_pool3d
    probe = _maps(discriminator, np.repeat(images[:1], classes + 1, axis=0))
    # a branch that sees nothing but the label has a row a class, not a row an image
    layers = [
        index for index, maps in enumerate(probe) if maps.ndim == images.ndim and len(maps) == classes + 1
    ]
    maps = _maps(discriminator, images)
    return torch.cat([pool(maps[layer], GRID).flatten(1) for layer in layers], dim=1).numpy()


def _maps(discriminator: nn.Module, images: NDArray[np.uint8]) -> list[Tensor]:
    """What each rectifier puts out."""
    outputs: list[Tensor] = []
    hooks = [
        layer.register_forward_hook(lambda _layer, _inputs, output: outputs.append(output))
        for layer in discriminator.modules()
        if isinstance(layer, nn.LeakyReLU)
    ]
    discriminator(*_unlabelled(images))
    for hook in hooks:
        hook.remove()
    return outputs


def _unlabelled(images: NDArray[np.uint8]) -> tuple[Tensor, Tensor]:
    """For a discriminator; the label is always the first: a conditional one must not be told the answer."""
    return _pixels(images), torch.zeros(len(images), dtype=torch.int64)


def _pixels(images: NDArray[np.uint8]) -> Tensor:
    return to_float(torch.from_numpy(np.array(images)))
