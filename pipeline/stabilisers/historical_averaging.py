"""Historical averaging: weights that circle are drawn to the centre of their orbit."""

from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel


def history_of(network: nn.Module) -> AveragedModel:
    """The mean over all past weights of `network`; `update_parameters` takes in the present ones."""
    return AveragedModel(network)


def distance_from_history(network: nn.Module, history: AveragedModel) -> Tensor:
    """|theta - mean of theta over the past|^2 (Salimans et al. 2016, section 3.3): a scalar."""
    pairs = zip(network.parameters(), history.module.parameters(), strict=True)
    return sum((now - mean.detach()).square().sum() for now, mean in pairs)
