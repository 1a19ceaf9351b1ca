"""What networks make of captions: a code of their words, and a verdict on maps under such a code."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, embedding, leaky_relu, one_hot

from pipeline.fields import Field
from pipeline.networks.initialisation import leaky_init
from pipeline.networks.strided import fine_falling
from pipeline.networks.widths import doubled

BETA = 0.5  # how far the way between two captions is gone (Reed et al. 2016, section 4.3)


class Words(nn.Module):
    """Caption -> its code [N, text_width], of the mean of its words' embeddings; no word has one, too.

    A caption is ids [N, L], or the share [N, V + 1] that each word has of it: a mixture of captions has such.
    """

    def __init__(self, caption: Field, width: int) -> None:
        super().__init__()
        (self.length,) = caption.shape
        self.count = len(caption.about["vocabulary"]) + 1
        self.embeddings = nn.Linear(self.count, width)
        nn.init.normal_(self.embeddings.weight, 0, self.length**0.5)  # the mean's variance is 1

    def forward(self, shares: Tensor) -> Tensor:
        return leaky_relu(self.embeddings(shares), 0.2)

    def of_ids(self, caption: Tensor) -> Tensor:
        """The code of ids [N, L], in operators that every runtime has."""
        found = embedding(caption, self.embeddings.weight.T)
        width = self.embeddings.out_features
        mean = avg_pool2d(found.reshape(-1, 1, self.length, width), (self.length, 1))
        return leaky_relu(mean.reshape(-1, width) + self.embeddings.bias, 0.2)

    def shares(self, caption: Tensor) -> Tensor:
        """Of ids [N, L]: [N, V + 1]."""
        return one_hot(caption, self.count).float().mean(1)


def others(condition: Tensor) -> Tensor:
    """The conditions [N, ...] of other images: those of the batch, which is shuffled, by one place on."""
    return condition.roll(1, 0)


class Contrary(nn.Module):
    """The words of captions [N, V + 1] -> captions that are wrong of the same images, row by row.

    Half of them are other images'. The others are their own with one word exchanged for what may stand in its
    place, for what is told apart by one word alone is hardly ever asked for else. Where nothing may, all are
    other images'. (Reed et al. 2016 have other images' alone.)
    """

    def __init__(self, caption: Field) -> None:
        super().__init__()
        self.register_buffer("orders", torch.tensor(list(_exchanges(caption))), persistent=False)

    def forward(self, words: Tensor) -> Tensor:
        count = len(words) // 2 if len(self.orders) else 0
        # the loop seeds torch's own generator at every step, as for dropout
        chosen = torch.randint(len(self.orders) or 1, (count,), device=words.device)
        wrong, own = others(words), words[:count]
        exchanged = own.gather(1, self.orders[chosen]) if count else own
        is_wrong = (exchanged != own).any(1, keepdim=True)  # it had a word to exchange
        return torch.cat([torch.where(is_wrong, exchanged, wrong[:count]), wrong[count:]])


def _exchanges(caption: Field) -> Iterator[list[int]]:
    """Orders of all words; in each, one group of alternatives has gone on by some places."""
    ids = {word: number for number, word in enumerate(caption.about["vocabulary"], 1)}
    for group in caption.about.get("alternatives", []):
        for by in range(1, len(group)):
            order = list(range(len(ids) + 1))
            for words, others_words in zip(group, group[by:] + group[:by], strict=True):
                for word, other in zip(words, others_words, strict=True):
                    order[ids[other]] = ids[word]
            yield order


def interpolated(words: Tensor, share: float) -> Tensor:
    """Captions [N, V + 1], that share of them half way to another one of the batch (GAN-INT)."""
    count = round(share * len(words))
    between = torch.lerp(words, others(words), BETA)
    return torch.cat([between[:count], words[count:]])


class Verdict(nn.Module):
    """Maps [N, C, 4, 4], code [N, text_width] -> logits [N]: are they real, and of this caption?

    The code is joined to the maps (Reed et al. 2016, section 4.1).
    """

    def __init__(self, maps: int, text_width: int) -> None:
        super().__init__()
        self.joined = nn.Conv2d(maps + text_width, maps, 1)
        self.last = nn.Conv2d(maps, 1, 4)

    def forward(self, maps: Tensor, code: Tensor) -> Tensor:
        code = code[:, :, None, None].expand(-1, -1, *maps.shape[2:])
        return self.last(leaky_relu(self.joined(torch.cat([maps, code], 1)), 0.2)).reshape(-1)


class CaptionDiscriminator(nn.Module):
    """Image [N, C, size, size], shares of words [N, V + 1] -> logits [N]: is it real, and of this caption?"""

    def __init__(self, caption: Field, text_width: int, image: Field, width: int) -> None:
        """`width`: maps at half the image's size; doubled with each halving."""
        super().__init__()
        channels, size, _ = image.shape
        widths = doubled(width, size)
        self.words = Words(caption, text_width)
        self.layers = fine_falling(channels, widths)
        self.verdict = Verdict(widths[-1], text_width)
        leaky_init(self)

    def features(self, image: Tensor, shares: Tensor) -> Tensor:
        """Maps [N, C', 4, 4] of images alone."""
        return self.layers(image)

    def logits(self, features: Tensor, shares: Tensor) -> Tensor:
        """Of what `features` gave, under captions."""
        return self.verdict(features, self.words(shares))

    def forward(self, image: Tensor, shares: Tensor) -> Tensor:
        return self.logits(self.features(image, shares), shares)
