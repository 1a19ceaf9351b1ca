"""The model card: what a stranger must know of an exported generator, as Markdown."""

import json
from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, StrictUndefined

from pipeline.kinds.shared.noise import MAX_SEED
from pipeline.scoring.table import number, protocol_line, titles
from pipeline.scoring.verdict import verdict

TEMPLATE = """\
# {{ name }}

![Samples]({{ picture }})

{% if classes %}
A generator of images of {{ classes | length }} classes: noise and a class in, a picture out. Above: one seed
a row, from 0, and one class a column.
{% else %}
A generator of images: noise in, a picture out. Above: the seeds from 0.
{% endif %}

| file | what it is | bytes |
|---|---|---|
{% for file, (words, size) in files.items() %}
| [`{{ file }}`](../{{ file }}) | {{ words }} | {{ "{:,}".format(size) }} |
{% endfor %}

## What goes in, what comes out

ONNX opset {{ opset }}, IR 8, no external data; N is free.

| | `{{ name }}.onnx` | `{{ name }}.seeded.onnx` |
|---|---|---|
| noise | `z` float32 [N, {{ z_dim }}], {{ "from N(0, 1)" if latent == "normal" else "from [0, 1)" }} \
| `seed` int64 [N], 0 to {{ max_seed }} |
{% if classes %}
| class | `label` int64 [N], 0 to {{ classes | length - 1 }} | the same |
{% endif %}
| picture | `image` float32 [N, {{ channels }}, {{ height }}, {{ width }}], -1 is black, 1 is white \
| `image` uint8 [N, {{ height }}, {{ width }}, {{ channels }}], 0 is black |

```python
import numpy as np, onnxruntime

session = onnxruntime.InferenceSession("{{ name }}.seeded.onnx")
image = session.run(["image"], {"seed": np.array([7]){{ ', "label": np.array([1])' if classes }}})[0]
```

A seed gives the same noise, bit for bit, in every runtime and language, and with `gan-infer`: the same
picture, but for the rounding of float32.
{% if classes %}

The classes, in the order of their labels:

```json
{{ classes | tojson_plain }}
```
{% endif %}

## What it was trained on

{{ "{:,}".format(training.images) }} training images of the data set `{{ dataset }}`: \
{{ height }}x{{ width }} pixels, {{ "grey" if channels == 1 else "colour" }}.
System `{{ kind }}`{% if training.objective %}; objective `{{ training.objective }}`{% endif %}; \
epochs: {{ training.epochs }}; batch: \
{{ training.batch }}.

| identity | SHA-256 |
|---|---|
| parameters | `{{ params_hash }}` |
| prepared data | `{{ data_hash }}` |
| code of the system and its training | `{{ code_hash }}` |

## How good it is

{{ verdict }}

{{ protocol }}.
"Real" is what {{ real }} reach against the same test images, "noise" what a generator that learnt
nothing would. The judge is a network trained on the real images; it gets \
{{ "%.2f" | format(100 * judge.accuracy) }} % of {{ judge.task }} right.

| figure | generated | real | noise | good |
|---|---|---|---|---|
{% for row in figures %}
| {{ row | join(" | ") }} |
{% endfor %}

## Limits

- It knows its training images and nothing else: no other classes, sizes or styles.
- The graphs check nothing. A label or seed out of range gives an error, or a meaningless picture, by runtime.
- Where a runtime calculates in half precision by default (OpenVINO on some processors does), pictures differ
  by some grey levels: ask it for float32.
- Figures by one judge compare generators of one data set and size; they are no standard FID.

## Is this copy right?

```sh
sha256sum -c {{ name }}/SHA256SUMS        # in the folder that holds {{ name }}.onnx
```

`test_data_set_0/` holds inputs and output of `{{ name }}.onnx` in the ONNX model zoo's layout: the noise of
the seeds 0 to {{ vectors - 1 }}{{ ", the labels in `input_1.pb`" if classes }}, and the pictures that ONNX
Runtime makes of them. Another runtime should come within 1e-4. Of the same seeds, `{{ name }}.seeded.onnx`
should make `rint((image + 1) * 127.5)`, channels last, within 1.
"""


def card(facts: Mapping[str, Any], scores: Mapping[str, Any]) -> str:
    """Fill the template.

    facts: the description of the file (its .json) and what package.py adds. scores: as evaluate wrote them.
    """
    _, height, width = shape = json.loads(facts["image_shape"])
    conditions = scores["protocol"]
    figures = [
        (title, *(number(scores[key][who]) for who in ("value", "real", "noise")), good)
        for key, (title, good) in titles(scores).items()
    ]
    environment = Environment(undefined=StrictUndefined, trim_blocks=True, keep_trailing_newline=True)
    environment.filters["tojson_plain"] = lambda value: json.dumps(value, ensure_ascii=False)
    return environment.from_string(TEMPLATE).render(
        dict(facts)
        | {"classes": json.loads(facts["classes"]), "channels": shape[0], "height": height, "width": width},
        protocol=protocol_line(conditions),
        judge=next(iter(conditions["judges"].values())),
        verdict=verdict(scores),
        real=conditions["real"],
        figures=figures,
        max_seed=MAX_SEED,
    )
