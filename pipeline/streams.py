"""Every random number comes from (seed, purpose, step): no stream depends on what ran before it.

That is what makes a resumed run the same run, and a stage's output independent of who called it.
"""

import hashlib

import torch

from pipeline.fields import Field


def seed_of(seed: int, purpose: str, step: int = 0) -> int:
    """Return a 63-bit seed for one purpose at one step; different arguments give unrelated seeds."""
    digest = hashlib.blake2b(f"{seed}/{purpose}/{step}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1


def stream(seed: int, purpose: str, step: int = 0, device: torch.device | str = "cpu") -> torch.Generator:
    """Return a fresh generator for one purpose at one step."""
    return torch.Generator(device).manual_seed(seed_of(seed, purpose, step))


def draw(
    field: Field, count: int, generator: torch.Generator, device: torch.device | str = "cpu"
) -> torch.Tensor:
    """Values [count, *shape] of a latent, category or code, on `device`, which is the generator's."""
    about, shape = field.about, (count, *field.shape)
    if field.kind == "category":
        return torch.randint(about["count"], shape, generator=generator, device=device)
    if field.kind == "latent" and about["distribution"] == "normal":
        return torch.randn(shape, generator=generator, device=device)
    share = torch.rand(shape, generator=generator, device=device)
    return about["low"] + (about["high"] - about["low"]) * share if field.kind == "code" else share
