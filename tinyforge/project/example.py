"""The lines of C that a project's README shows of its model: inputs, an inference, outputs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tinyforge.graph import DType, Graph, Tensor
from tinyforge.ops.upright import rows_input
from tinyforge.project.model_files import C_TYPES, class_scores, macros
from tinyforge.project.real_inputs import real_inputs


def example_lines(graph: Graph, *, by_rows: bool, value: str = "values[i]") -> list[str]:
    """After forge_init. by_rows: one of the inputs is fed by rows, after the others. value: of an
    only input, in C, what its real values are made of."""
    fed = rows_input(graph) if by_rows else None
    whole = [i for i in range(len(graph.inputs)) if i != fed]
    lines = [line for i in whole for line in _written(graph, i, value)]
    if fed is not None:
        return [*lines, *_ROWS, *_read(graph)]
    body = [f"  {line}" for line in _read(graph)]
    return [*lines, "if (forge_invoke() == FORGE_OK) {", *body, "}"]


def answer_words(graph: Graph, labels: Sequence[str]) -> str:
    """What the application gives back for a frame: a classifier's answer in words, else bytes."""
    if class_scores(graph, labels) is not None:
        return f"a line with the class's {'name' if labels else 'number'} and its score"
    return f"{graph.output_bytes} raw byte{'s' if graph.output_bytes != 1 else ''}"


def frame_lines(graph: Graph, labels: Sequence[str], *, by_rows: bool) -> list[str]:
    """What a frame of bytes for the application holds, in order, and what it gives back, unless
    that is words; nothing where each is one tensor of single bytes."""
    fed = rows_input(graph) if by_rows else None
    order = sorted(range(len(graph.inputs)), key=lambda i: (i == fed, i))
    given = graph.input_tensors
    back = graph.output_tensors if class_scores(graph, labels) is None else ()
    if all(len(side) <= 1 and all(t.dtype.itemsize == 1 for t in side) for side in (given, back)):
        return []
    names = macros("FORGE_INPUT", given)
    inputs = [_part(given[i], names[i]) for i in order]
    outputs = [_part(t, name) for t, name in zip(back, macros("FORGE_OUTPUT", back), strict=True)]
    return [*(f"in: {part}" for part in inputs), *(f"back: {part}" for part in outputs)]


_ROWS = (
    "static int8_t row[FORGE_INPUT_ROW_BYTES];       /* quantized like an input */",
    "for (int i = 0; i < FORGE_INPUT_ROWS; i++) {",
    "  read_camera_row(row);",
    "  if (forge_push_row(row) != FORGE_OK) return;",
    "}",
)


def _part(t: Tensor, macro: str) -> str:
    return f"`{macro}`, {t.nbytes} bytes: {t.size} of {t.dtype.name.lower()}"


def _written(graph: Graph, position: int, value: str) -> Iterator[str]:
    """One of the inputs."""
    t = graph.input_tensors[position]
    ctype = C_TYPES[t.dtype].ctype
    if len(graph.inputs) == 1:
        yield f"{f'{ctype} *input = forge_input();':47} /* {t.size} values */"
        real = real_inputs(graph)
        assert real is not None
        yield f"for (int i = 0; i < {t.size}; i++) {{"
        yield f"  input[i] = forge_quantize_input({real.call.replace('values[i]', value)});"
        yield "}"
        return
    macro, name = macros("FORGE_INPUT", graph.input_tensors)[position], f"input_{position}"
    mixed = len({one.dtype for one in graph.input_tensors}) > 1
    cast = f"({ctype})" if mixed else ""
    yield f"{ctype} *{name} = forge_input({macro});"
    yield f"for (int i = 0; i < {t.size}; i++) {{"
    quantized = f"{cast}forge_quantize_input_at({macro}, values_{position}[i])"
    as_it_is = mixed and t.dtype is DType.FLOAT32
    yield f"  {name}[i] = {f'values_{position}[i]' if as_it_is else quantized};"
    yield "}"


def _read(graph: Graph) -> Iterator[str]:
    if len(graph.outputs) == 1:
        yield "float answer = forge_dequantize_output(forge_output()[0]);"
        return
    mixed = len({one.dtype for one in graph.output_tensors}) > 1
    names = macros("FORGE_OUTPUT", graph.output_tensors)
    for position, (t, macro) in enumerate(zip(graph.output_tensors, names, strict=True)):
        ctype, name = C_TYPES[t.dtype].ctype, f"output_{position}"
        yield f"const {ctype} *{name} = forge_output({macro});"
        cast = "(float)" if mixed else ""
        yield f"float answer_{position} = forge_dequantize_output_at({macro}, {cast}{name}[0]);"
