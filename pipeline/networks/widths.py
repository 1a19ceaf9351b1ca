"""How many maps there are at each size of a network that halves or doubles."""


def doubled(width: int, size: int) -> list[int]:
    """Return the maps at size/2, size/4, ... 4: 64 pixels give width, 2 width, 4 width, 8 width."""
    return [width << level for level in range((size // 4).bit_length() - 1)]


def capped(width: int, widest: int, size: int) -> list[int]:
    """Return the maps at 4, 8, ... `size`: `width` at `size`, doubled with each halving up to `widest`."""
    return [min(width << level, widest) for level in reversed(range((size // 4).bit_length()))]


def grown(width: int, size: int, least: int = 4) -> tuple[int, list[int]]:
    """Where doublings to `size` pixels begin, and the maps from there on: 28 pixels begin at 7.

    The smallest size is not below `least`; maps are halved with each doubling, to `width` at `size`.
    """
    widths = [width]
    while size % 2 == 0 and size // 2 >= least:
        size //= 2
        widths.append(2 * widths[-1])
    return size, widths[::-1]
