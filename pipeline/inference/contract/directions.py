"""Which way to go in the latent space for more of an attribute, found from samples and their values."""

import numpy as np


def slopes(z: np.ndarray, values: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Return float64 [K, z_dim], the linear part of `values` [N, K] in `z` [N, z_dim], by least squares.

    Both less their means within each group, such as a class [N]: what tells the classes apart stays out.
    Ridge regression (Hoerl and Kennard 1970) with the weight that is best where half of a value's variance is
    linear in z, spread evenly over its numbers: few samples then give the mean difference of Radford et al.
    2016 (section 6.3.2), many the exact slopes.
    """
    z, values = centred(z, groups), centred(values, groups)
    weight = z.var() * z.shape[1]
    return np.linalg.solve(z.T @ z + weight * np.eye(z.shape[1]), z.T @ values).T


def unit_steps(slopes: np.ndarray) -> np.ndarray:
    """Return float64 [K, z_dim]: the shortest steps of which each adds 1 to its own value, 0 to the others.

    The pseudo-inverse of the slopes [K, z_dim].
    """
    return np.linalg.pinv(slopes).T


def centred(values: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Return float64 [N, ...]: `values` less the mean of their group [N]."""
    result = values.astype(np.float64)
    for group in np.unique(groups):
        result[groups == group] -= result[groups == group].mean(0)
    return result


def spearman(values: np.ndarray) -> np.ndarray:
    """Return float64 [N]: the rank correlation of each row of `values` [N, T] with its place in the row.

    Equal values share their ranks; a row without any change, or with one that is not a number, has 0.
    """
    values = np.where(np.isfinite(values).all(1, keepdims=True), values, 0)
    ranks = (values[:, :, None] > values[:, None]).sum(2) + (values[:, :, None] == values[:, None]).sum(2) / 2
    ranks -= ranks.mean(1, keepdims=True)
    places = np.arange(values.shape[1]) - (values.shape[1] - 1) / 2
    lengths = np.linalg.norm(ranks, axis=1) * np.linalg.norm(places)
    return np.divide(ranks @ places, lengths, out=np.zeros(len(values)), where=lengths > 0)
