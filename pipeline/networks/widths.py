"""How many maps there are at each size of a network that halves or doubles."""


def doubled(width: int, size: int) -> list[int]:
    """Return the maps at size/2, size/4, ... 4: 64 pixels give width, 2 width, 4 width, 8 width."""
    return [width << level for level in range((size // 4).bit_length() - 1)]
