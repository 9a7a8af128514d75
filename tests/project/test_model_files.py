"""model.h, labels and golden vectors, read back by a C compiler."""

import json
from dataclasses import replace

import numpy as np
import pytest

from tests.corpus.models import classifier
from tests.host_program import build, output_of
from tinyforge.errors import ForgeError
from tinyforge.graph import DType, Graph, Quant
from tinyforge.project.model_files import ABI, Golden, model_files, read_golden
from tinyforge.resources import folder

HOSTILE = [
    'a"b\\',
    "x*/ int y; /*",
    "%s%n",
    "new\nline",
    "??/",
    "Ελλάδα",
    "{{ 7*7 }}${x}",
    "",
]


def golden(graph: Graph, count: int = 3) -> Golden:
    """Arbitrary vectors of the right size that hold both extremes."""
    rng = np.random.default_rng(1)

    def values(tensor):
        found = rng.integers(-128, 128, (count, *graph.tensors[tensor].shape)).astype(np.int8)
        found.reshape(-1)[:2] = (-128, 127)[: found.size]
        return found

    return Golden(values(graph.inputs[0]), values(graph.outputs[0]))


def changed(graph: Graph, index: int, **fields) -> Graph:
    tensors = list(graph.tensors)
    tensors[index] = replace(tensors[index], **fields)
    return replace(graph, tensors=tuple(tensors))


PRINTER = r"""
#include <stdio.h>
#include <string.h>
#include "golden.h"
#include "model.h"

static void tensor(const char *name, int bytes, int rank, const int *shape, float scale, int zero) {
  printf("\"%s\": {\"bytes\": %d, \"scale\": \"%a\", \"zero_point\": %d, \"shape\": [", name, bytes,
         (double)scale, zero);
  for (int i = 0; i < rank; i++) printf("%s%d", i ? ", " : "", shape[i]);
  printf("]},\n");
}

static void numbers(const char *name, const int8_t *values, size_t size) {
  printf("\"%s\": [", name);
  for (size_t i = 0; i < size; i++) printf("%s%d", i ? ", " : "", values[i]);
  printf("],\n");
}

int main(void) {
  static const int in[] = FORGE_INPUT_SHAPE, out[] = FORGE_OUTPUT_SHAPE;
  printf("{");
  tensor("input", FORGE_INPUT_BYTES, FORGE_INPUT_RANK, in, FORGE_INPUT_SCALE,
         FORGE_INPUT_ZERO_POINT);
  tensor("output", FORGE_OUTPUT_BYTES, FORGE_OUTPUT_RANK, out, FORGE_OUTPUT_SCALE,
         FORGE_OUTPUT_ZERO_POINT);
  numbers("inputs", forge_golden_inputs[0], sizeof forge_golden_inputs);
  numbers("outputs", forge_golden_outputs[0], sizeof forge_golden_outputs);
  numbers("name", (const int8_t *)FORGE_MODEL_NAME, strlen(FORGE_MODEL_NAME));
  printf("\"labels\": [\n");
#ifdef LABELS
  for (int i = 0; i < FORGE_CLASS_COUNT; i++) {
    printf("[");
    for (size_t k = 0; k < strlen(forge_labels[i]); k++)
      printf("%s%d", k ? ", " : "", (unsigned char)forge_labels[i][k]);
    printf("]%s\n", i + 1 < FORGE_CLASS_COUNT ? "," : "");
  }
#endif
  printf("], \"classes\": %d}\n", FORGE_CLASS_COUNT);
  return 0;
}
"""


def compiled(tmp_path, graph, labels, vectors):
    """What a C program sees of these files."""
    files = model_files(graph, labels, vectors)
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    (tmp_path / "print.c").write_text(PRINTER)
    sources = [tmp_path / path for path in files if path.endswith(".c")]
    include = [tmp_path / "include", folder("firmware") / "include"]
    program = build(
        [tmp_path / "print.c", *sources],
        tmp_path / "print",
        include=include,
        defines=["LABELS"] if labels else [],
    )
    return json.loads(output_of(program))


def test_c_sees_what_the_graph_says(tmp_path):
    graph = classifier(3)
    labels = ["Eiffel Tower", HOSTILE[0], HOSTILE[1]]
    vectors = golden(graph)
    seen = compiled(tmp_path, graph, labels, vectors)
    for role, index in (("input", graph.inputs[0]), ("output", graph.outputs[0])):
        tensor = graph.tensors[index]
        assert seen[role]["bytes"] == tensor.nbytes
        assert seen[role]["shape"] == list(tensor.shape)
        assert float.fromhex(seen[role]["scale"]) == np.float32(tensor.scale)
        assert seen[role]["zero_point"] == tensor.zero_point
    assert seen["inputs"] == vectors.inputs.reshape(-1).tolist()
    assert seen["outputs"] == vectors.outputs.reshape(-1).tolist()
    assert [bytes(label).decode() for label in seen["labels"]] == labels
    assert seen["classes"] == 3


def test_hostile_names_are_data(tmp_path):
    graph = replace(classifier(3), name="".join(HOSTILE))
    graph = changed(graph, graph.outputs[0], shape=(1, len(HOSTILE)))
    seen = compiled(tmp_path, graph, HOSTILE, golden(graph, 1))
    assert bytes(v & 255 for v in seen["name"]).decode() == graph.name
    assert [bytes(label).decode() for label in seen["labels"]] == HOSTILE


def test_abi_is_that_of_the_header():
    header = (folder("firmware") / "include/forge/forge.h").read_text(encoding="utf-8")
    assert f"#define FORGE_ABI {ABI}\n" in header


def test_another_abi_is_a_compile_time_error_that_says_what_to_run(tmp_path):
    graph = classifier(3)
    header = model_files(graph, (), golden(graph))["include/model.h"]
    (tmp_path / "model.h").write_text(header.replace(f"FORGE_ABI != {ABI}", "FORGE_ABI != 99"))
    (tmp_path / "x.c").write_text('#include "model.h"\nint main(void) { return 0; }\n')
    include = [tmp_path, folder("firmware") / "include"]
    with pytest.raises(ForgeError, match="run tinyforge generate"):
        build([tmp_path / "x.c"], tmp_path / "x", include=include)


def test_one_output_tells_two_classes_apart():
    graph = classifier(3)
    single = changed(graph, graph.outputs[0], shape=(1, 1))
    vectors = Golden(golden(graph).inputs, np.zeros((3, 1, 1), np.int8))
    files = model_files(single, ("a", "b"), vectors)
    assert "#define FORGE_CLASS_COUNT 2\n" in files["include/model.h"]
    with pytest.raises(ForgeError, match="3 labels for a model that tells 2"):
        model_files(single, ("a", "b", "c"), vectors)


def test_scalars_have_rank_0_and_a_shape_that_c_allows():
    graph = classifier(3)
    scalar = changed(graph, graph.outputs[0], shape=())
    vectors = Golden(golden(graph).inputs, np.zeros(3, np.int8))
    header = model_files(scalar, (), vectors)["include/model.h"]
    assert "#define FORGE_OUTPUT_RANK 0\n#define FORGE_OUTPUT_SHAPE {1}\n" in header


def test_without_labels_there_is_no_table_of_them():
    graph = classifier(3)
    files = model_files(graph, (), golden(graph))
    assert "src/labels.c" not in files
    assert "forge_labels" not in files["include/model.h"]
    assert "#define FORGE_CLASS_COUNT 3\n" in files["include/model.h"]


def test_models_that_the_device_api_cannot_carry():
    graph = classifier(3)
    vectors = golden(graph)
    for wrong, match in (
        (changed(graph, graph.inputs[0], dtype=DType.FLOAT32), "found float32"),
        (changed(graph, graph.inputs[0], quant=None), "found int8"),
        (changed(graph, graph.outputs[0], quant=Quant((1.0, 2.0), (0, 0))), "one scale"),
        (changed(graph, graph.outputs[0], dtype=DType.INT64, quant=None), "found int64"),
    ):
        with pytest.raises(ForgeError, match=match) as caught:
            model_files(wrong, (), vectors)
        assert caught.value.fix


def test_golden_vectors_are_read_back_from_the_source(tmp_path):
    graph = classifier(3)
    vectors = golden(graph, 5)
    (tmp_path / "golden.c").write_text(model_files(graph, (), vectors)["src/golden.c"])
    found = read_golden(tmp_path / "golden.c")
    assert np.array_equal(found.inputs, vectors.inputs.reshape(5, -1))
    assert np.array_equal(found.outputs, vectors.outputs.reshape(5, -1))
    assert found.inputs.dtype == found.outputs.dtype == np.int8


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("-128, 127", "-129, 127"),
        ("-128, 127", "--128, 127"),
        ("-128, 127", "-128"),
        ("-128, 127", "x, 127"),
        ("forge_golden_inputs[", "other["),
        ("forge_golden_outputs[", "other["),
    ],
)
def test_damaged_golden_vectors_are_refused(tmp_path, old, new):
    graph = classifier(3)
    source = model_files(graph, (), golden(graph))["src/golden.c"]
    assert old in source
    (tmp_path / "golden.c").write_text(source.replace(old, new, 1))
    with pytest.raises(ForgeError, match="golden"):
        read_golden(tmp_path / "golden.c")


def test_golden_vectors_come_in_pairs(tmp_path):
    graph = classifier(3)
    source = model_files(graph, (), golden(graph))["src/golden.c"]
    head, outputs = source.split("forge_golden_outputs")
    first = outputs[outputs.index("    {\n") : outputs.index("    },\n") + len("    },\n")]
    (tmp_path / "golden.c").write_text(f"{head}forge_golden_outputs{outputs.replace(first, '', 1)}")
    with pytest.raises(ForgeError, match="not one output an input"):
        read_golden(tmp_path / "golden.c")


def test_golden_vectors_that_are_no_text(tmp_path):
    (tmp_path / "golden.c").write_bytes(b"\xff\xfe")
    for path in (tmp_path / "golden.c", tmp_path / "missing.c", tmp_path):
        with pytest.raises(ForgeError, match="cannot read"):
            read_golden(path)
