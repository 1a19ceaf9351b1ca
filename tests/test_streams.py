"""Random streams: what a seed gives is the same for good, and no two purposes share."""

import pytest
import torch

from pipeline.fields import latent
from pipeline.streams import draw, seed_of, stream


def test_seeds_are_the_same_for_good() -> None:
    """A run is resumed, and a published seed rebuilt, by these numbers."""
    assert seed_of(0, "latent") == 6467630312298756058
    assert seed_of(3, "shuffle", 7) == 8046142766578916885


def test_every_part_of_a_seed_counts() -> None:
    cases = [(seed, purpose, step) for seed in (0, 1) for purpose in ("real", "fake") for step in (0, 1)]
    seeds = {seed_of(*case) for case in cases}
    assert len(seeds) == len(cases)
    assert all(0 <= seed < 2**63 for seed in seeds)
    assert len({seed_of(0, "latent", step) for step in range(1000)}) == 1000


def test_a_stream_is_fresh_and_that_of_its_seed() -> None:
    for case in ((0, "latent"), (0, "latent", 3)):
        expected = torch.rand(4, generator=torch.Generator().manual_seed(seed_of(*case)))
        for _ in range(2):
            assert torch.equal(torch.rand(4, generator=stream(*case)), expected)


@pytest.mark.parametrize("distribution", ["normal", "uniform"])
def test_latents_have_their_distribution(distribution: str) -> None:
    z = draw(latent(5, distribution), 2000, stream(0, "latent"))
    assert (z.shape, z.dtype) == ((2000, 5), torch.float32)
    mean, deviation = (0, 1) if distribution == "normal" else (0.5, 12**-0.5)
    assert z.mean().item() == pytest.approx(mean, abs=0.04)
    assert z.std().item() == pytest.approx(deviation, rel=0.04)
    if distribution == "uniform":
        assert 0 <= z.min() < z.max() < 1
