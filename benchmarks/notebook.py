"""The training loop of the published notebooks, as a user would otherwise have it: a baseline.

A class-conditional DCGAN on MNIST as they write it: a DataLoader with two workers and PIL transforms for each
image, float32, one-hot label maps built for every batch, the discriminator called on the real and on the fake
images, plain Adam, and `.item()` at every step. It is kept free of their bugs: the generator is detached in
the discriminator's step, and the loss is computed from logits.
"""

from collections.abc import Iterator

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from pipeline.data._torchvision import torchvision
from pipeline.networks.initialisation import dcgan_init

WORKERS = 2
Z_DIM, CLASSES, SIZE = 100, 10, 32


class PilDigits(Dataset):
    """Digits of 28x28 as torchvision's MNIST holds them: an array, made a PIL image when it is asked for."""

    def __init__(self, images: np.ndarray, labels: np.ndarray) -> None:
        """Take uint8 images [N, 28, 28] and int64 labels [N]."""
        self.images, self.labels = images, labels
        transforms = torchvision.transforms
        self.transform = transforms.Compose(
            [transforms.Resize(SIZE), transforms.ToTensor(), transforms.Normalize((0.5,), (0.5,))]
        )

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return self.transform(Image.fromarray(self.images[index])), int(self.labels[index])


class Generator(nn.Module):
    """z [N, 100, 1, 1] and a one-hot label [N, 10, 1, 1] -> image [N, 1, 32, 32]."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.from_z = _up(Z_DIM, 2 * width, 1, 0)
        self.from_label = _up(CLASSES, 2 * width, 1, 0)
        self.layers = nn.Sequential(
            _up(4 * width, 2 * width, 2, 1),
            _up(2 * width, width, 2, 1),
            nn.ConvTranspose2d(width, 1, 4, 2, 1, bias=False),
            nn.Tanh(),
        )

    def forward(self, z: Tensor, label: Tensor) -> Tensor:
        return self.layers(torch.cat([self.from_z(z), self.from_label(label)], 1))


class Discriminator(nn.Module):
    """Image [N, 1, 32, 32] and one-hot planes [N, 10, 32, 32] -> logits [N]."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.from_image = nn.Sequential(nn.Conv2d(1, width // 2, 4, 2, 1, bias=False), nn.LeakyReLU(0.2))
        self.from_label = nn.Sequential(
            nn.Conv2d(CLASSES, width // 2, 4, 2, 1, bias=False), nn.LeakyReLU(0.2)
        )
        layers: list[nn.Module] = []
        for inputs, outputs in ((width, 2 * width), (2 * width, 4 * width)):
            layers += [
                nn.Conv2d(inputs, outputs, 4, 2, 1, bias=False),
                nn.BatchNorm2d(outputs),
                nn.LeakyReLU(0.2),
            ]
        self.layers = nn.Sequential(*layers, nn.Conv2d(4 * width, 1, 4, bias=False))

    def forward(self, image: Tensor, planes: Tensor) -> Tensor:
        return self.layers(torch.cat([self.from_image(image), self.from_label(planes)], 1)).view(-1)


def _up(inputs: int, outputs: int, stride: int, padding: int) -> nn.Sequential:
    conv = nn.ConvTranspose2d(inputs, outputs, 4, stride, padding, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(outputs), nn.ReLU())


class Notebook:
    """The loop, a step at a time."""

    def __init__(
        self, images: np.ndarray, labels: np.ndarray, width: int, batch: int, device: torch.device
    ) -> None:
        """Take uint8 images [N, 28, 28] and int64 labels [N]."""
        self.loader = DataLoader(
            PilDigits(images, labels), batch, shuffle=True, num_workers=WORKERS, drop_last=True
        )
        self.device = device
        self.generator = Generator(width).to(device)
        self.discriminator = Discriminator(width).to(device)
        for network in (self.generator, self.discriminator):
            dcgan_init(network)
        self.g_optimiser = torch.optim.Adam(self.generator.parameters(), 2e-4, (0.5, 0.999))
        self.d_optimiser = torch.optim.Adam(self.discriminator.parameters(), 2e-4, (0.5, 0.999))
        self.losses: list[tuple[float, float]] = []
        self._batches = self._endless()

    def _endless(self) -> Iterator[tuple[Tensor, Tensor]]:
        while True:
            yield from self.loader

    def step(self) -> None:
        """One step of each network."""
        real, labels = (part.to(self.device) for part in next(self._batches))
        one_hot = F.one_hot(labels, CLASSES).float()[:, :, None, None]
        planes = one_hot.repeat(1, 1, SIZE, SIZE)
        ones, zeros = torch.ones(len(real), device=self.device), torch.zeros(len(real), device=self.device)
        loss = F.binary_cross_entropy_with_logits

        self.d_optimiser.zero_grad()
        fake = self.generator(torch.randn(len(real), Z_DIM, 1, 1, device=self.device), one_hot)
        real_loss = loss(self.discriminator(real, planes), ones)
        fake_loss = loss(self.discriminator(fake.detach(), planes), zeros)
        d_loss = real_loss + fake_loss
        d_loss.backward()
        self.d_optimiser.step()

        self.g_optimiser.zero_grad()
        g_loss = loss(self.discriminator(fake, planes), ones)
        g_loss.backward()
        self.g_optimiser.step()
        self.losses.append((d_loss.item(), g_loss.item()))
