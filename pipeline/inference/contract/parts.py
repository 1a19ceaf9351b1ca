"""The networks that lie beside a generator, in NAME.parts/ beside NAME.onnx."""

from collections.abc import Iterator
from contextlib import contextmanager

from pipeline.inference.contract.network import Network
from pipeline.inference.contract.opening import opened
from pipeline.inference.errors import InferenceError


@contextmanager
def beside(generator: Network, name: str) -> Iterator[Network | None]:
    """Open the part `name` of a generator's run; None where there is no such file.

    InferenceError for one that can't be opened, or is of another run.
    """
    path = generator.path.with_suffix(".parts") / f"{name}.onnx"
    if not path.exists():
        yield None
        return
    with opened(path, generator.device) as part:
        mine, its = generator.description, part.description
        if (mine.params_hash, mine.data_hash) != (its.params_hash, its.data_hash):
            raise InferenceError(f"{path}: of another run than {generator.path}; export both again")
        yield part
