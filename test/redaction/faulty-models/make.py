"""Writes the detectors of this folder, each with one fault, in the form that service/redaction/dense.ts reads.

    pip install onnx==1.23.2
    python make.py

Detectors: input `input` [1, 3, h, w]; outputs `scores` [1, n, 1] and `boxes` [1, n, 4]. Every fault hangs on the pixels, so that no
optimiser removes it. Three have none: `blind.onnx` answers, and never finds anything; `squares.onnx` sees two things wherever it looks,
`middle.onnx` one that ends at no border.

Refiners, as service/redaction/refine.ts asks them: input `input` [n, 3, h, w]; outputs `scores` [n] and `offsets` [n, 4]. `believes.onnx`
has no fault: the more red there is in a piece, the surer it is, and everything lies a tenth of a width further right and is half as high.
`doubts.onnx` answers with numbers that are none.
"""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

FLOAT, INT64, BOOL = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL
ENDLESS = 2**62


def constant(name: str, value: np.ndarray) -> onnx.NodeProto:
    return helper.make_node("Constant", [], [name], value=numpy_helper.from_array(value, name))


def mean() -> list[onnx.NodeProto]:
    """`mean`, one number of all pixels."""
    return [helper.make_node("ReduceMean", ["input"], ["mean"], keepdims=0)]


def blind() -> list[onnx.NodeProto]:
    return [constant("nought", np.float32(0)), *mean(), helper.make_node("Mul", ["mean", "nought"], ["score"])]


def nan() -> list[onnx.NodeProto]:
    """0 / 0."""
    return [*mean(), helper.make_node("Sub", ["mean", "mean"], ["none"]), helper.make_node("Div", ["none", "none"], ["score"])]


def throws() -> list[onnx.NodeProto]:
    """The number at a place far behind the end of a list of one."""
    return [
        *mean(),
        constant("seven", np.array([7], np.int64)),
        constant("one", np.array([1], np.int64)),
        helper.make_node("Reshape", ["mean", "one"], ["list"]),
        helper.make_node("Shape", ["input"], ["shape"]),
        helper.make_node("Mul", ["shape", "seven"], ["far"]),
        helper.make_node("ReduceMax", ["far"], ["place"], keepdims=0),
        helper.make_node("Gather", ["list", "place"], ["score"]),
    ]


def hangs() -> list[onnx.NodeProto]:
    """A loop that will be done in some ten thousand years."""
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["go"], ["goes"]),
            helper.make_node("Neg", ["value"], ["turned"]),
        ],
        "body",
        [
            helper.make_tensor_value_info("turn", INT64, []),
            helper.make_tensor_value_info("go", BOOL, []),
            helper.make_tensor_value_info("value", FLOAT, []),
        ],
        [
            helper.make_tensor_value_info("goes", BOOL, []),
            helper.make_tensor_value_info("turned", FLOAT, []),
        ],
    )
    return [
        *mean(),
        constant("turns", np.int64(ENDLESS)),
        constant("true", np.bool_(True)),
        helper.make_node("Loop", ["turns", "true", "mean"], ["score"], body=body),
    ]


def squares() -> list[onnx.NodeProto]:
    return [
        *mean(),
        constant("nought", np.float32(0)),
        constant("most", np.float32(0.8)),
        helper.make_node("Mul", ["mean", "nought"], ["little"]),
        helper.make_node("Add", ["little", "most"], ["score"]),
    ]


def write(name: str, nodes: list[onnx.NodeProto], corners: tuple[tuple[int, ...], ...] = ((0, 0, 32, 32),)) -> None:
    count = len(corners)
    nodes = [
        *nodes,
        constant("as_scores", np.array([1, count, 1], np.int64)),
        constant("corners", np.array([corners], np.float32)),
        helper.make_node("Expand", ["score", "as_scores"], ["scores"]),
        helper.make_node("Identity", ["corners"], ["boxes"]),
    ]
    graph = helper.make_graph(
        nodes,
        name,
        [helper.make_tensor_value_info("input", FLOAT, [1, 3, "h", "w"])],
        [
            helper.make_tensor_value_info("scores", FLOAT, [1, count, 1]),
            helper.make_tensor_value_info("boxes", FLOAT, [1, count, 4]),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, f"{name}.onnx")


def redness() -> list[onnx.NodeProto]:
    """`red` [n], the mean of the first channel over 255."""
    return [
        constant("first", np.array([0], np.int64)),
        constant("second", np.array([1], np.int64)),
        constant("channels", np.array([1], np.int64)),
        helper.make_node("Slice", ["input", "first", "second", "channels"], ["reds"]),
        helper.make_node("ReduceMean", ["reds"], ["bright"], axes=[1, 2, 3], keepdims=0),
        constant("white", np.float32(255)),
        helper.make_node("Div", ["bright", "white"], ["red"]),
    ]


def believes() -> list[onnx.NodeProto]:
    return [*redness(), helper.make_node("Identity", ["red"], ["scores"])]


def doubts() -> list[onnx.NodeProto]:
    return [
        *redness(),
        helper.make_node("Sub", ["red", "red"], ["nought"]),
        helper.make_node("Div", ["nought", "nought"], ["scores"]),
    ]


def write_refiner(name: str, nodes: list[onnx.NodeProto]) -> None:
    nodes = [
        *nodes,
        constant("all", np.array([-1, 1], np.int64)),
        helper.make_node("Reshape", ["red", "all"], ["column"]),
        constant("nothing", np.float32(0)),
        helper.make_node("Mul", ["column", "nothing"], ["noughts"]),
        constant("moves", np.array([[0.1, 0, 0, np.log(0.5)]], np.float32)),
        helper.make_node("Add", ["noughts", "moves"], ["offsets"]),
    ]
    graph = helper.make_graph(
        nodes,
        name,
        [helper.make_tensor_value_info("input", FLOAT, ["n", 3, "h", "w"])],
        [
            helper.make_tensor_value_info("scores", FLOAT, ["n"]),
            helper.make_tensor_value_info("offsets", FLOAT, ["n", 4]),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, f"{name}.onnx")


if __name__ == "__main__":
    for make in (blind, nan, throws, hangs):
        write(make.__name__, make())
    write("squares", squares(), ((0, 0, 64, 64), (200, 0, 312, 112)))
    write("middle", squares(), ((160, 96, 224, 160),))
    for make in (believes, doubts):
        write_refiner(make.__name__, make())
