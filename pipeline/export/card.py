"""The model card: what a stranger must know of an exported generator, as Markdown."""

import json
from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, StrictUndefined

from pipeline.export import words
from pipeline.inference.contract.description import Description
from pipeline.scoring.table import number, protocol_line, titles
from pipeline.scoring.verdict import verdict

TEMPLATE = """\
# {{ name }}

{% if samples %}
![Samples]({{ picture }})

{% endif %}
A {{ "generator of %ss" % made if made else "network" }}\
{{ " of %d classes" % about.classes | length if about.classes }}: {{ sides }}.\
{{ " Above: %s." % samples if samples }}

| file | what it is | bytes |
|---|---|---|
{% for file, (words, size) in files.items() %}
| [`{{ file }}`](../{{ file }}) | {{ words }} | {{ "{:,}".format(size) }} |
{% endfor %}

## What goes in, what comes out

ONNX opset {{ about.opset }}, IR 8, no external data; N is free.

| | `{{ name }}.onnx` | `{{ name }}.seeded.onnx` |
|---|---|---|
{% for row in fields %}
| {{ row | join(" | ") }} |
{% endfor %}

```python
import numpy as np, onnxruntime

session = onnxruntime.InferenceSession("{{ name }}.seeded.onnx")
{{ program }}
```
{% if about.noise %}

A seed gives the same noise, bit for bit, in every runtime and language, and with `gan-infer`: the same
{{ "picture" if about.picture else "numbers" }}, but for the rounding of float32.
{% endif %}
{% for field, classes in class_lists.items() %}

The classes of `{{ field }}`, in order:

```json
{{ classes | tojson_plain }}
```
{% endfor %}

## What it was trained on

{{ "{:,}".format(training.images) }} training images of the data set `{{ about.dataset }}`: \
{{ training.form }}.
{% for field, count in training.unpaired.items() %}
Beside them, in no pairs, {{ "{:,}".format(count) }} of `{{ field }}`.
{% endfor %}
System `{{ about.kind }}`{% if training.objective %}; objective `{{ training.objective }}`{% endif %}; \
epochs: {{ training.epochs }}; batch: \
{{ training.batch }}.

| identity | SHA-256 |
|---|---|
| parameters | `{{ about.params_hash }}` |
| prepared data | `{{ about.data_hash }}` |
| code of the system and its training | `{{ about.code_hash }}` |

## How good it is

{% if verdict %}
{{ verdict }}

{% endif %}
{% if judge %}
{{ protocol }}.
"Real" is what {{ real }} reach against the same test images, "noise" what a generator that learnt
nothing would. The judge is a network trained on the real images\
{{ "; it gets %.2f %% of %s right" % (100 * judge.accuracy, judge.task) if judge.accuracy is defined }}.

{% endif %}
{% if figures %}
| figure | generated | real | noise | good |
|---|---|---|---|---|
{% for row in figures %}
| {{ row | join(" | ") }} |
{% endfor %}
{% else %}
No figure applies to it.
{% endif %}

## Limits

- It knows its training images and nothing else: no other classes, sizes or styles.
- The graphs check nothing.\
{{ " A %s out of range gives an error, or a meaningless result, by runtime." % ranged if ranged }}
- Where a runtime calculates in half precision by default (OpenVINO on some processors does), results differ,
  pictures by some grey levels: ask it for float32.
{% if judge %}
- Figures by one judge compare generators of one data set and size; they are no standard FID.
{% endif %}

## Is this copy right?

```sh
sha256sum -c --ignore-missing {{ name }}/SHA256SUMS   # in the folder that holds {{ name }}.onnx
```

`test_data_set_0/` holds inputs and outputs of `{{ name }}.onnx` in the ONNX model zoo's layout: \
{{ vector_files }}.\
{{ " Noise is that of the seeds 0 to %d." % (vectors - 1) if about.noise }}
The outputs are what ONNX Runtime makes of the inputs; another runtime should come within 1e-4.
{% if about.picture %}
Of the same rows, `{{ name }}.seeded.onnx` should make the same pictures as bytes, within 1.
{% endif %}
"""


def card(about: Description, facts: Mapping[str, Any], scores: Mapping[str, Any]) -> str:
    """Fill the template.

    about: what the file says of itself. facts: what package.py adds. scores: as evaluate wrote them.
    """
    conditions = scores["protocol"]
    judge = next(iter(conditions["judges"].values()), None)
    figures = [
        (title, *(number(scores[key].get(who)) for who in ("value", "real", "noise")), good)
        for key, (title, good) in titles(scores).items()
    ]
    environment = Environment(undefined=StrictUndefined, trim_blocks=True, keep_trailing_newline=True)
    environment.filters["tojson_plain"] = lambda value: json.dumps(value, ensure_ascii=False)
    return environment.from_string(TEMPLATE).render(
        facts,
        about=about,
        name=about.name,
        made={"image": "image", "voxels": "volume", "mel": "sound"}[about.outputs[about.picture].kind]
        if about.picture
        else "",
        sides=words.sides(about.inputs, about.outputs),
        fields=words.table(about),
        program=words.program(about),
        class_lists=words.class_lists(about),
        ranged=words.ranged(about),
        vector_files=words.vector_files(about),
        judge=judge,
        protocol=protocol_line(conditions) if judge else "",
        verdict=verdict(scores) if {"two_sample", "one_piece"} & scores.keys() else "",
        real=conditions.get("real"),
        figures=figures,
    )
