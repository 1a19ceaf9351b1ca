"""The one module that imports torchvision; the others import the name `torchvision` from here.

torchvision from PyPI is built for CUDA. Beside a CPU build of torch its compiled part can't be loaded, and
its import stops because the operators `nms` and `qnms` are unknown. Nothing here uses them, so declaring
their schemas is enough.
"""

import sys

import torch

__all__ = ["torchvision"]


def _declare_missing_operators() -> torch.library.Library:
    library = torch.library.Library("torchvision", "FRAGMENT")
    for name in ("nms", "qnms"):
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    return library


try:
    import torchvision
except RuntimeError as error:
    if "torchvision::nms" not in str(error):
        raise
    for half_imported in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
        del sys.modules[half_imported]
    _library = _declare_missing_operators()  # the declarations live as long as this reference
    import torchvision

import torchvision.transforms.v2  # noqa: E402  (not imported by torchvision itself)
