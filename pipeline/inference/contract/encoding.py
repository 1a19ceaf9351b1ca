"""What an encoder that ships beside a generator says of pictures: a latent to start a search from."""

import numpy as np

from pipeline.inference.contract.generator import Generator
from pipeline.inference.contract.inputs import Given
from pipeline.inference.contract.parts import beside


def encode(
    generator: Generator, images: np.ndarray, seed: int
) -> tuple[np.ndarray, np.ndarray | None] | None:
    """Return z, float32 [N, z_dim], of images, float32 [N, C, H, W], and the categories that go with it.

    Noise that the encoder takes beside a picture is that of `seed`. None where no encoder gives what the
    generator takes; categories, int64 [N], are None where it takes none.
    """
    about = generator.description
    with beside(generator, "encoder") as encoder:
        names = [] if encoder is None else encoder.description.inputs_of("image")
        if len(names) != 1:
            return None
        given = {each.about.get("of"): key for key, each in encoder.description.outputs.items()}
        choice, _ = about.column
        if about.noise not in given or choice not in (None, *given):
            return None
        parts = list(encoder.outputs([seed] * len(images), Given({names[0]: images})))
    said = {key: np.concatenate([part[key] for part in parts]) for key in given.values()}
    return said[given[about.noise]], said[given[choice]].argmax(1) if choice else None
