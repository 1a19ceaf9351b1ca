"""Smaller or faster forms of an exported generator, and their price: size, speed, difference, score.

    python -m benchmarks.variants exported/cdcgan.onnx

Prints one Markdown table. Scores need the project's params.yaml, prepared data and judge (`dvc repro judge`);
without them their columns are left out. Speed is in one thread, the best of ROUNDS rounds in turn.
"""

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from pipeline.data.prepared import Prepared
from pipeline.errors import UserError
from pipeline.export.half import halved
from pipeline.inference import Generator
from pipeline.kinds.shared.noise import latent
from pipeline.loading import load
from pipeline.places import judge_dir, prepared_dir
from pipeline.scoring.candidates import generated, look_at, real, shuffled
from pipeline.scoring.figures.fid import fid
from pipeline.scoring.figures.label_accuracy import label_accuracy
from pipeline.scoring.judges.judge import Judge

BATCHES = (1, 64)
COMPARED = 1000  # images over which the largest difference is taken
ROUNDS, SECONDS = 5, 0.5


def main(file: Path) -> None:
    """Make the variants in a temporary folder, measure each, print."""
    plain = onnx.load(file)
    models = {"as exported": plain, "float16 weights": halved(plain)}
    table = tabulated(split(plain), len(Generator(file, device="cpu").description.classes))
    if table is None:
        print("Label table: nothing to precompute; what depends on the label alone is looked up already.\n")
    else:
        models |= {"label table": table, "label table, float16 weights": halved(table)}
    with tempfile.TemporaryDirectory() as name:
        files = {title: Path(name, f"{index}.onnx") for index, title in enumerate(models)}
        for title, path in files.items():
            onnx.save(models[title], path)
        generators = {title: Generator(path, device="cpu", threads=1) for title, path in files.items()}
        columns = {"bytes": {title: f"{path.stat().st_size:,}" for title, path in files.items()}}
        for batch in BATCHES:
            columns[f"images/s, batch {batch}"] = speeds(generators, batch)
        columns |= differences(generators) | scores(generators)
    print(f"| variant | {' | '.join(columns)} |\n|---|{'---:|' * len(columns)}")
    for title in generators:
        print(f"| {title} | {' | '.join(column[title] for column in columns.values())} |")


def split(model: ModelProto) -> ModelProto:
    """Each ConvTranspose of joined channels as a sum over the parts: the label's part then stands alone."""
    graph = onnx.shape_inference.infer_shapes(model).graph
    channels = {value.name: value.type.tensor_type.shape.dim[1].dim_value for value in graph.value_info}
    weights = {weight.name: numpy_helper.to_array(weight) for weight in graph.initializer}
    joined = {node.output[0]: node.input for node in graph.node if node.op_type == "Concat"}
    result = ModelProto.FromString(model.SerializeToString())
    del result.graph.node[:]
    for node in graph.node:
        if node.op_type != "ConvTranspose" or node.input[0] not in joined:
            result.graph.node.append(node)
            continue
        terms = [f"{node.output[0]}_{part}" for part in joined[node.input[0]]]
        cuts = np.cumsum([channels[part] for part in joined[node.input[0]]])[:-1]
        for index, rows in enumerate(np.split(weights[node.input[1]], cuts)):
            own = NodeProto.FromString(node.SerializeToString())
            own.input[:] = [joined[node.input[0]][index], f"{terms[index]}_weight"]
            own.input.extend(node.input[2:] if index == 0 else [])  # the bias once
            own.output[:], own.name = [terms[index]], terms[index]
            result.graph.initializer.append(numpy_helper.from_array(rows, own.input[1]))
            result.graph.node.append(own)
        result.graph.node.append(helper.make_node("Sum", terms, node.output))
    used = {name for node in result.graph.node for name in node.input}
    for node in [
        node for node in result.graph.node if node.op_type == "Concat" and node.output[0] not in used
    ]:
        result.graph.node.remove(node)
    return result


def tabulated(model: ModelProto, classes: int) -> ModelProto | None:
    """The same with all that depends on the label alone in tables, a row a class; None if it is already."""
    fixed, by_label = {"", *(weight.name for weight in model.graph.initializer)}, {"label"}
    inner, rest = [], []
    for node in model.graph.node:
        if by_label.isdisjoint(node.input) or not fixed.union(by_label).issuperset(node.input):
            rest.append(node)
        else:
            by_label.update(node.output)
            inner.append(node)
    if all(node.op_type == "Gather" for node in inner):
        return None
    names = sorted(by_label & {name for node in rest for name in node.input})
    tables = _tables(model, names, classes)
    lookups = [helper.make_node("Gather", [f"{name}_table", "label"], [name]) for name in names]
    used = {name for node in rest for name in node.input}
    result = ModelProto.FromString(model.SerializeToString())
    for field, kept in (
        (result.graph.node, [*lookups, *rest]),
        (result.graph.initializer, [weight for weight in model.graph.initializer if weight.name in used]),
    ):
        del field[:]
        field.extend(kept)
    result.graph.initializer.extend(
        numpy_helper.from_array(values, f"{name}_table") for name, values in tables.items()
    )
    return result


def _tables(model: ModelProto, names: list[str], classes: int) -> dict[str, np.ndarray]:
    """Inner tensors of the graph, a row for each label."""
    shown = ModelProto.FromString(model.SerializeToString())
    del shown.graph.output[:]
    shown.graph.output.extend(helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names)
    session = onnxruntime.InferenceSession(shown.SerializeToString(), providers=["CPUExecutionProvider"])
    about = {node.name: node for node in session.get_inputs()}
    fed = {"label": np.arange(classes)}
    if "z" in about:
        fed["z"] = np.zeros((classes, about["z"].shape[1]), np.float32)
    return dict(zip(names, session.run(names, fed), strict=True))


def speeds(generators: dict[str, Generator], batch: int) -> dict[str, str]:
    """Images a second, the variants taking turns."""
    best = dict.fromkeys(generators, 0.0)
    for _ in range(ROUNDS):
        for title, generator in generators.items():
            z, labels = _inputs(generator, batch)
            generator.run(z, labels)
            calls, began = 0, time.perf_counter()
            while (elapsed := time.perf_counter() - began) < SECONDS:
                generator.run(z, labels)
                calls += 1
            best[title] = max(best[title], calls * batch / elapsed)
    return {title: f"{rate:,.0f}" for title, rate in best.items()}


def differences(generators: dict[str, Generator]) -> dict[str, dict[str, str]]:
    """The largest difference of a pixel to the file as it is, where black is -1 and white 1."""
    images = {title: generator.run(*_inputs(generator, COMPARED)) for title, generator in generators.items()}
    exact = next(iter(images.values()))
    return {"difference": {title: f"{np.abs(made - exact).max():.1g}" for title, made in images.items()}}


def scores(generators: dict[str, Generator]) -> dict[str, dict[str, str]]:
    """judge-FID and label accuracy under the protocol of params.yaml; nothing where there is no judge."""
    params = load()
    try:
        judge = Judge.load(judge_dir(params.data, params.evaluate.judge))
        data = Prepared.open(prepared_dir(params.data))
    except UserError as error:
        print(f"No scores: {error}.\n")
        return {}
    count, seed = params.evaluate.samples, params.evaluate.seed
    test = look_at(judge, real(data, "test", shuffled(data, "test", count, seed)))
    distances, accuracies = {}, {}
    for title, generator in generators.items():
        seen = look_at(judge, generated(generator, test.labels, len(test), seed))
        distances[title] = f"{fid(seen.features, test.features):.4f}"
        accuracies[title] = "-" if seen.labels is None else f"{label_accuracy(seen.logits, seen.labels):.2%}"
    return {"judge-FID": distances, "label accuracy": accuracies}


def _inputs(generator: Generator, count: int) -> tuple[np.ndarray, np.ndarray | None]:
    """The noise of the seeds from 0, and the labels in turn."""
    about = generator.description
    labels = np.arange(count) % len(about.classes) if about.conditional else None
    return latent(range(count), about.z_dim, about.latent), labels


if __name__ == "__main__":
    main(Path(sys.argv[1]))
