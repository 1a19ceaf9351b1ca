"""What an exported file says about itself: where it comes from, what it takes and what it gives."""

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline import kinds
from pipeline.fields import Field
from pipeline.inference.errors import InferenceError
from pipeline.kinds import image, label


@dataclass(frozen=True)
class Description:
    """The metadata of one file; `inputs` and `outputs` in the order of the graph's."""

    format: str
    name: str
    kind: str
    dataset: str
    params_hash: str
    data_hash: str
    code_hash: str
    opset: str
    parity: str
    inputs: Mapping[str, Field]
    outputs: Mapping[str, Field]

    def inputs_of(self, *wanted: str) -> list[str]:
        """Return the names of the inputs of these kinds, in order."""
        return [name for name, field in self.inputs.items() if field.kind in wanted]

    @property
    def noise(self) -> str | None:
        """The name of the latent that pictures are made of: the first one."""
        return next(iter(self.inputs_of("latent")), None)

    @property
    def label_input(self) -> str | None:
        """The name of the one label; None where there is none, or where there are several."""
        names = self.inputs_of("label")
        return names[0] if len(names) == 1 else None

    @property
    def picture(self) -> str | None:
        """The name of the first output that can be seen: an image, a volume, or a sound."""
        return next((name for name, field in self.outputs.items() if kinds.visible(field.kind)), None)

    @property
    def conditional(self) -> bool:
        """Whether it takes a label."""
        return self.label_input is not None

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes; empty where it takes no label."""
        return tuple(self.inputs[self.label_input].about["classes"]) if self.label_input else ()

    @property
    def column(self) -> tuple[str | None, int]:
        """The input of which a grid has a column a value, a label or a category, and how many it has."""
        for name in self.inputs_of("category")[:1]:
            return name, self.inputs[name].about["count"]
        return self.label_input, len(self.classes)

    @property
    def z_dim(self) -> int:
        """How many numbers the latent has."""
        return self._noise_field().shape[0]

    @property
    def latent(self) -> str:
        """The distribution of the latent."""
        return self._noise_field().about["distribution"]

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """[C, H, W] of a picture."""
        field = self._picture_field()
        return kinds.find(field.kind).picture_shape(field)

    @property
    def value_range(self) -> str:
        """The range of a picture's values."""
        return image.range_text(self._picture_field())

    def sought(self) -> Field:
        """The image that is compared with a picture, to find its latent; InferenceError for another kind."""
        field = self._picture_field()
        if field.kind != "image":
            raise InferenceError(f"{self.name} ({self.kind}) {self.gives()}: only pictures can be found")
        return field

    def label(self, text: str) -> int:
        """Return the class index meant by a class name (in any case) or by an index; a name goes first."""
        return label.index(text, self.classes, self.name)

    def takes(self) -> str:
        """What it takes and how that is given, on one line."""
        told = [f"{name} ({field.kind}, {self._option(name)})" for name, field in self.inputs.items()]
        return f"{self.name} ({self.kind}) takes {', '.join(told)}"

    def gives(self) -> str:
        """What it gives, on one line."""
        return "gives " + ", ".join(f"{name} ({field.kind})" for name, field in self.outputs.items())

    def _noise_field(self) -> Field:
        if self.noise is None:
            raise InferenceError(f"{self.takes()}: no latent")
        return self.inputs[self.noise]

    def _picture_field(self) -> Field:
        if self.picture is None:
            raise InferenceError(f"{self.name} ({self.kind}) {self.gives()}: no image")
        return self.outputs[self.picture]

    def _option(self, name: str) -> str:
        """How `gan-infer` is given an input: by name where one option would mean several."""
        kind = self.inputs[name].kind
        shared = len(self.inputs_of(kind)) > 1 and kind in ("image", "label", "text", "box")
        option = f"--field {name}=VALUE" if shared else kinds.find(kind).OPTION.replace("NAME", name)
        return f"{option}, else drawn" if kinds.drawable(kind) else option
