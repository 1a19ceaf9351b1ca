"""Where the hole of an image is that is to be filled."""


def hole_of(side: int) -> slice:
    """The rows, and the columns, of the square of half the side in the middle."""
    return slice(side // 4, side // 4 + side // 2)
