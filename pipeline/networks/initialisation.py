"""How the weights of published networks start."""

import torch
from torch import nn

DRAWN = nn.Linear | nn.Embedding | nn.Conv2d | nn.ConvTranspose2d | nn.Conv3d | nn.ConvTranspose3d


@torch.no_grad()
def dcgan_init(network: nn.Module) -> None:
    """Weights N(0, 0.02), batch-norm gains N(1, 0.02), biases 0 (Radford et al. 2016, section 4)."""
    for layer in network.modules():
        if isinstance(layer, DRAWN):
            layer.weight.normal_(0, 0.02)
        elif isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d | nn.BatchNorm3d):
            layer.weight.normal_(1, 0.02)
        if isinstance(getattr(layer, "bias", None), nn.Parameter):
            layer.bias.zero_()


@torch.no_grad()
def keras_init(network: nn.Module) -> None:
    """Glorot-uniform weights and zero biases, the Keras default."""
    for layer in network.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            nn.init.xavier_uniform_(layer.weight)
            if layer.bias is not None:
                layer.bias.zero_()


@torch.no_grad()
def leaky_init(network: nn.Module) -> None:
    """Convolutions before a leaky ReLU of slope 0.2 (He et al. 2015, eq. (14)), their biases 0."""
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, 0.2)
            layer.bias.zero_()


@torch.no_grad()
def projection_init(layers: nn.Module, linear: nn.Linear, embedding: nn.Embedding) -> None:
    """Those of a projection discriminator: its convolutions, and what makes a logit of their features.

    Logits in which the label counts most. As torch starts them, the features of MNIST have a mean square of
    0.003, not of 0.4 as here.
    """
    leaky_init(layers)
    scale = linear.in_features**-0.5
    linear.weight.normal_(0, scale)
    embedding.weight.normal_(0, 5 * scale)  # measured: nearer to the real digits than 1
