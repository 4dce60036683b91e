"""Converts MediaPipe's full-range face detector from TFLite to ONNX, once. The result is committed; nothing at run time needs this.

    npm pack @mediapipe/face_detection@0.4.1657300184 && tar xzf mediapipe-face_detection-0.4.1657300184.tgz
    pip install numpy==2.4.6 onnx==1.23.2 tflite==2.18.0
    python convert-mediapipe.py package/face_detection_full_range.tflite mediapipe-full-range.onnx

The graph is read op by op: its nine kinds of op have exact counterparts. Layout becomes NCHW; the weights stay in half
precision, as in the source, and are widened when the session loads. Input `input` [1, 3, 192, 192] RGB -1..1; outputs
`logits` [1, 2304, 1] and `regressors` [1, 2304, 16] (dx, dy, w, h in pixels of the input, then six key points).

    pip install onnxruntime==1.32.0 ai-edge-litert==2.3.0
    python convert-mediapipe.py --compare package/face_detection_full_range.tflite mediapipe-full-range.onnx

runs both on generated pictures and prints the largest difference. With `--record` in front of the TFLite file and the name of
a JSON file it writes what TFLite itself answers to three pictures, for test/redaction/mediapipe.test.ts.
"""

import json
import sys

import numpy as np

OPSET = 17


def convert(source: str, target: str) -> None:
    import onnx
    import tflite
    from onnx import TensorProto, helper, numpy_helper

    model = tflite.Model.GetRootAsModel(open(source, 'rb').read(), 0)
    graph = model.Subgraphs(0)
    kinds = {v: k for k, v in vars(tflite.BuiltinOperator).items() if isinstance(v, int)}
    nodes, weights, constants = [], [], {}

    def name(index: int) -> str:
        return f't{index}'

    def shape(index: int) -> list[int]:
        return [int(v) for v in graph.Tensors(index).ShapeAsNumpy()]

    def constant(index: int) -> np.ndarray:
        if index in constants:
            return constants[index]
        tensor = graph.Tensors(index)
        dtype = {tflite.TensorType.FLOAT16: np.float16, tflite.TensorType.FLOAT32: np.float32, tflite.TensorType.INT32: np.int32}[tensor.Type()]
        return model.Buffers(tensor.Buffer()).DataAsNumpy().view(dtype).reshape(shape(index))

    def weight(label: str, value: np.ndarray) -> str:
        weights.append(numpy_helper.from_array(np.ascontiguousarray(value), label + '_half'))
        nodes.append(helper.make_node('Cast', [label + '_half'], [label], to=TensorProto.FLOAT))
        return label

    def pads(o, size: list[int], kernel: list[int], stride: list[int]) -> list[int]:
        if o.Padding() == tflite.Padding.VALID:
            return [0, 0, 0, 0]
        total = [max((-(-s // t) - 1) * t + k - s, 0) for s, k, t in zip(size, kernel, stride)]
        return [t // 2 for t in total] + [t - t // 2 for t in total]

    def options(op, kind):
        table = op.BuiltinOptions()
        parsed = kind()
        parsed.Init(table.Bytes, table.Pos)
        if hasattr(parsed, 'FusedActivationFunction'):
            assert parsed.FusedActivationFunction() == tflite.ActivationFunctionType.NONE
        return parsed

    for i in range(graph.OperatorsLength()):
        op = graph.Operators(i)
        code = model.OperatorCodes(op.OpcodeIndex())
        kind = kinds[max(code.BuiltinCode(), code.DeprecatedBuiltinCode())]
        ins, out = [int(v) for v in op.InputsAsNumpy()], int(op.OutputsAsNumpy()[0])
        x, y = name(ins[0]), name(out)
        if kind == 'DEQUANTIZE':
            constants[out] = constant(ins[0])
        elif kind in ('CONV_2D', 'DEPTHWISE_CONV_2D'):
            depthwise = kind == 'DEPTHWISE_CONV_2D'
            o = options(op, tflite.DepthwiseConv2DOptions if depthwise else tflite.Conv2DOptions)
            assert o.DilationWFactor() == o.DilationHFactor() == 1
            kernel, stride = shape(ins[1])[1:3], [o.StrideH(), o.StrideW()]
            w = constant(ins[1]).transpose((3, 0, 1, 2) if depthwise else (0, 3, 1, 2))
            nodes.append(helper.make_node('Conv', [x, weight(y + '_w', w), weight(y + '_b', constant(ins[2]))], [y],
                                          group=w.shape[0] if depthwise else 1, strides=stride, kernel_shape=kernel,
                                          pads=pads(o, shape(ins[0])[1:3], kernel, stride)))
        elif kind == 'RELU':
            nodes.append(helper.make_node('Relu', [x], [y]))
        elif kind == 'ADD':
            options(op, tflite.AddOptions)
            nodes.append(helper.make_node('Add', [x, name(ins[1])], [y]))
        elif kind == 'MAX_POOL_2D':
            o = options(op, tflite.Pool2DOptions)
            kernel, stride = [o.FilterHeight(), o.FilterWidth()], [o.StrideH(), o.StrideW()]
            nodes.append(helper.make_node('MaxPool', [x], [y], kernel_shape=kernel, strides=stride,
                                          pads=pads(o, shape(ins[0])[1:3], kernel, stride)))
        elif kind == 'PAD':
            n, h, w, c = constant(ins[1])
            ends = np.array([[n[0], c[0], h[0], w[0]], [n[1], c[1], h[1], w[1]]], np.int64).reshape(-1)
            weights.append(numpy_helper.from_array(ends, y + '_pads'))
            nodes.append(helper.make_node('Pad', [x, y + '_pads'], [y]))
        elif kind == 'RESIZE_BILINEAR':
            o = options(op, tflite.ResizeBilinearOptions)
            assert not o.AlignCorners()
            scales = np.array([1, 1, shape(out)[1] / shape(ins[0])[1], shape(out)[2] / shape(ins[0])[2]], np.float32)
            weights.append(numpy_helper.from_array(scales, y + '_scales'))
            nodes.append(helper.make_node('Resize', [x, '', y + '_scales'], [y], mode='linear',
                                          coordinate_transformation_mode='half_pixel' if o.HalfPixelCenters() else 'asymmetric'))
        elif kind == 'RESHAPE':
            weights.append(numpy_helper.from_array(np.array(shape(out), np.int64), y + '_shape'))
            nodes.append(helper.make_node('Transpose', [x], [y + '_nhwc'], perm=[0, 2, 3, 1]))
            nodes.append(helper.make_node('Reshape', [y + '_nhwc', y + '_shape'], [y]))
        else:
            raise SystemExit(f'no counterpart for {kind}')

    faces = {1: 'logits', 16: 'regressors'}
    outputs = {name(int(i)): faces[shape(int(i))[2]] for i in graph.OutputsAsNumpy()}
    first = name(int(graph.InputsAsNumpy()[0]))
    for node in nodes:
        node.input[:] = ['input' if v == first else v for v in node.input]
        node.output[:] = [outputs.get(v, v) for v in node.output]
    made = helper.make_model(
        helper.make_graph(nodes, 'mediapipe-full-range',
                          [helper.make_tensor_value_info('input', TensorProto.FLOAT, [1, 3, 192, 192])],
                          [helper.make_tensor_value_info('logits', TensorProto.FLOAT, [1, 2304, 1]),
                           helper.make_tensor_value_info('regressors', TensorProto.FLOAT, [1, 2304, 16])], weights),
        opset_imports=[helper.make_opsetid('', OPSET)], ir_version=8, producer_name='convert-mediapipe.py')
    onnx.checker.check_model(made, full_check=True)
    onnx.save(made, target)


def reference_of(source: str):
    from ai_edge_litert.interpreter import Interpreter

    reference = Interpreter(model_path=source)
    reference.allocate_tensors()
    taken = reference.get_input_details()[0]['index']
    given = {int(d['shape'][2]): d['index'] for d in reference.get_output_details()}

    def answer(picture: np.ndarray) -> dict[int, np.ndarray]:
        reference.set_tensor(taken, picture)
        reference.invoke()
        return {width: reference.get_tensor(index) for width, index in given.items()}

    return answer


def compare(source: str, target: str) -> None:
    import onnxruntime

    reference = reference_of(source)
    session = onnxruntime.InferenceSession(target, providers=['CPUExecutionProvider'])
    draw = np.random.default_rng(1)
    worst = {1: 0.0, 16: 0.0}
    for k in range(20):
        coarse = draw.random((2 + 4 * k, 2 + 4 * k, 3), np.float32) * 2 - 1
        at = np.arange(192) * len(coarse) // 192
        picture = coarse[at][:, at][None]
        theirs = reference(picture)
        for width, ours in zip((1, 16), session.run(['logits', 'regressors'], {'input': picture.transpose(0, 3, 1, 2).copy()})):
            worst[width] = max(worst[width], float(np.abs(ours - theirs[width]).max()))
    print(f'largest difference over 20 pictures: logits {worst[1]:.2e}, regressors {worst[16]:.2e} px')


def record(source: str, target: str) -> None:
    reference = reference_of(source)
    y, x, channel = np.mgrid[0:192, 0:192, 0:3]
    recorded = []
    for step in (5, 16, 48):
        bytes_ = (x // step * 37 + y // step * 91 + channel * 53 + x * y // 192) % 256
        answer = reference((bytes_ / 127.5 - 1).astype(np.float32)[None])
        cells = range(0, 2304, 97)
        recorded.append({'step': step, 'cells': [[c, float(answer[1][0, c, 0]), *map(float, answer[16][0, c])] for c in cells]})
    with open(target, 'w') as out:
        json.dump(recorded, out, separators=(',', ':'))


if __name__ == '__main__':
    modes = {'--compare': compare, '--record': record}
    mode = modes.get(sys.argv[1])
    mode(*sys.argv[2:]) if mode else convert(*sys.argv[1:])
