"""The teacher: YuNet-n (Apache-2.0), asked for its dense answers instead of its final boxes.

Its grids, cell order and box code are those of `model.py`, so that each cell of the network
learns from the same cell of the teacher, and no labels are needed.
"""
import numpy as np
import onnx
import onnxruntime

from model import STRIDES

# The three maps that the teacher's own heads read, named as in its ONNX file.
FEATURE_MAPS = ('287', '291', '295')


class Teacher:
    def __init__(self, path):
        model = onnx.load(path)
        for name in FEATURE_MAPS:
            model.graph.output.append(onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None))
        self.session = onnxruntime.InferenceSession(model.SerializeToString(), single_thread(), ['CPUExecutionProvider'])
        self.names = [f'{kind}_{stride}' for kind in ('cls', 'obj', 'bbox') for stride in STRIDES] + list(FEATURE_MAPS)

    def __call__(self, bgr):
        """BGR uint8 [H, W, 3] -> scores 0..1 [A], offsets [A, 4] in strides, features [A, 64]."""
        x = np.ascontiguousarray(bgr.transpose(2, 0, 1)[None], dtype=np.float32)
        out = self.session.run(self.names, {'input': x})
        cls, obj, offsets = (np.concatenate(out[i:i + 3], 1)[0] for i in (0, 3, 6))
        scores = np.sqrt(cls.clip(0, 1) * obj.clip(0, 1))[:, 0]
        features = np.concatenate([m[0].reshape(m.shape[1], -1).T for m in out[9:]])
        return scores, offsets, features


def single_thread():
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return options
