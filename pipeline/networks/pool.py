"""Past images, so that a discriminator does not forget them (Shrivastava et al. 2017, section 2.3)."""

import torch
from torch import Tensor, nn

from pipeline.errors import UserError


def check_pool(pool: int, batch: int) -> None:
    """UserError where a pool can't give a batch."""
    if 0 < pool < batch:
        raise UserError(f"model.pool: {pool} images are fewer than a batch of {batch}")


class ImagePool(nn.Module):
    """The last images of a generator, in a buffer: a run that is resumed goes on with them."""

    def __init__(self, size: int, shape: tuple[int, ...]) -> None:
        """Of `size` images [C, H, W]; 0: none is kept."""
        super().__init__()
        self.size = size
        self.register_buffer("images", torch.zeros(size, *shape))

    @torch.no_grad()
    def exchange(self, new: Tensor, seen: int, source: torch.Generator) -> Tensor:
        """For each new image [N, C, H, W] itself, or one time in two an old one, whose place it takes.

        `seen` images came before; until the pool is full all are kept, and given back as they are. Nothing
        waits for the device. N is at most the pool's size.
        """
        if not self.size:
            return new
        free = min(max(self.size - seen, 0), len(new))
        self.images[seen : seen + free] = new[:free]
        late = new[free:]
        places = torch.randperm(self.size, generator=source, device=new.device)[: len(late)]
        is_kept = torch.rand(len(late), 1, 1, 1, generator=source, device=new.device) < 0.5
        old = self.images[places]
        self.images[places] = torch.where(is_kept, late.to(old.dtype), old)
        return torch.cat([new[:free], torch.where(is_kept, old.to(late.dtype), late)])
