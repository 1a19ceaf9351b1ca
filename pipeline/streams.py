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


def draw_latent(
    field: Field, count: int, generator: torch.Generator, device: torch.device | str = "cpu"
) -> torch.Tensor:
    """z float32 [count, z_dim] on `device`, which is the generator's, from the field's distribution."""
    draw = torch.randn if field.about["distribution"] == "normal" else torch.rand
    return draw(count, *field.shape, generator=generator, device=device)
