import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.inference import Generator
from pipeline.inference.contract.format_1 import KEYS
from pipeline.inference.contract.metadata import parse_metadata
from pipeline.inference.errors import InferenceError

FASHION = ["T-shirt/top", "Trouser", "Pullover", "Dress"]


def test_what_the_file_says(conditional, unconditional):
    tiny = Generator(conditional, "cpu").description
    assert (tiny.name, tiny.kind, tiny.dataset, tiny.z_dim, tiny.latent) == (
        "tiny",
        "cdcgan",
        "mnist",
        6,
        "normal",
    )
    assert tiny.classes == tuple("0123456789")
    assert tiny.image_shape == (1, 4, 5)
    assert tiny.conditional
    plain = Generator(unconditional, "cpu").description
    assert (plain.classes, plain.image_shape, plain.latent) == ((), (3, 3, 2), "uniform")
    assert not plain.conditional


@pytest.mark.parametrize("key", ["format", *KEYS])
def test_a_missing_key_is_named(make_model, key):
    path = make_model(metadata={key: None})
    with pytest.raises(InferenceError, match=f"{path}: .*{key}"):
        Generator(path, "cpu")


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("format", "gan-pipeline/9", "gan-pipeline/9"),
        ("name", "../../etc/passwd", "a name has letters, digits"),
        ("classes", '["a", 2]', "class names"),
        ("classes", '["a\\u001b[31m"]', "class names"),
        ("classes", "{", "class names"),
        ("classes", "[" * 100_000, "class names"),
        ("z_dim", "six", "'six'"),
        ("z_dim", "0", "above 0"),
        ("z_dim", "9" * 5000, "above 0"),
        ("z_dim", "7", r"input 'z' is tensor\(float\) \[N, 6\].*\[N, 7\]"),
        ("latent", "cauchy", "normal or uniform"),
        ("image_shape", "[1, 4]", r"\[C, H, W\]"),
        ("image_shape", "[2, 4, 5]", "C = 1 or 3"),
        ("image_shape", "[1, 0, 5]", r"\[C, H, W\]"),
        ("image_shape", "[1, 5, 4]", r"output 'image' is tensor\(float\) \[N, 1, 4, 5\].*\[N, 1, 5, 4\]"),
        ("image_shape", "nonsense", "nonsense"),
        ("value_range", "[0, 1]", r"\[-1, 1\]"),
        ("classes", "[]", "inputs are z, label; expected z"),
    ],
)
def test_a_wrong_value_is_told(make_model, key, value, told):
    path = make_model(metadata={key: value})
    with pytest.raises(InferenceError, match=told):
        Generator(path, "cpu")


def test_classes_without_a_label_input_are_refused(make_model):
    path = make_model(classes=[])
    assert not Generator(path, "cpu").description.conditional
    with pytest.raises(InferenceError, match="inputs are z; expected z, label"):
        Generator(make_model(classes=[], metadata={"classes": '["a"]'}), "cpu")


def test_a_fixed_batch_is_refused(make_model):
    with pytest.raises(InferenceError, match=r"'z' is tensor\(float\) \[1, 6\]"):
        Generator(make_model(graph={"free_batch": False}), "cpu")


@given(st.dictionaries(st.sampled_from(["format", *KEYS]), st.text(max_size=20)))
@settings(max_examples=40, deadline=None)
def test_any_metadata_is_taken_or_refused_in_one_line(metadata):
    metadata.setdefault("format", "gan-pipeline/1")
    problem = ""
    try:
        assert parse_metadata(metadata).z_dim > 0
    except InferenceError as error:
        problem = str(error)
    assert problem.isprintable()


@pytest.mark.parametrize(
    ("text", "index"), [("1", 1), ("03", 3), ("Trouser", 1), ("tROUSER", 1), ("t-shirt/TOP", 0)]
)
def test_a_label_is_an_index_or_a_name_in_any_case(make_model, text, index):
    assert Generator(make_model(classes=FASHION), "cpu").description.label(text) == index


def test_a_name_goes_before_an_index(make_model):
    description = Generator(make_model(classes=["1", "0", "a", "A"]), "cpu").description
    assert [description.label(text) for text in ("0", "1", "2", "A", "a")] == [1, 0, 2, 3, 2]


@pytest.mark.parametrize("text", ["10", "-1", "+5", "5.0", "", "five", "9" * 5000, "٣"])
def test_a_digit_out_of_range_is_told_the_range(conditional, text):
    with pytest.raises(InferenceError, match=r"is no class of tiny: say 0 to 9$"):
        Generator(conditional, "cpu").description.label(text)


@pytest.mark.parametrize(("text", "near"), [("trouzer", "Trouser"), ("DRES", "Dress"), ("99", "T-shirt/top")])
def test_the_nearest_names_are_told(make_model, text, near):
    with pytest.raises(InferenceError, match=f"say 0 to 3, or a class name such as {near}"):
        Generator(make_model(classes=FASHION), "cpu").description.label(text)
