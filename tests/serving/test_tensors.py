import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2

from serving.client import messages_pb2, tensors

TYPES = [
    *("float32", "float64", "float16", "bfloat16", "bool", "complex64", "complex128"),
    *("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
]


def theirs(message):
    return tensor_pb2.TensorProto.FromString(message.SerializeToString())


def ours(proto):
    return messages_pb2.Tensor.FromString(proto.SerializeToString())


@pytest.mark.parametrize("shape", [(), (0, 3), (2, 3)])
@pytest.mark.parametrize("name", TYPES)
def test_both_encodings_are_tensorflows(name, shape):
    dtype = tf.as_dtype(name).as_numpy_dtype
    array = (np.arange(np.prod(shape)).reshape(shape) % 2 * 3).astype(dtype)
    for encode in (tensors.encode_content, tensors.encode_values):
        message = encode(array)
        np.testing.assert_array_equal(tf.make_ndarray(theirs(message)), array)
        assert tf.io.parse_tensor(message.SerializeToString(), name).dtype == name
        decoded = tensors.decode(message)
        assert decoded.dtype == array.dtype
        np.testing.assert_array_equal(decoded, array)
    assert not tensors.encode_values(array).tensor_content


def test_strings_keep_every_byte():
    array = np.array([[b"a\0", b"\xff"]], object)
    for encode in (tensors.encode_content, tensors.encode_values):
        assert tf.make_ndarray(theirs(encode(array))).tolist() == array.tolist()
        assert tensors.decode(encode(array)).tolist() == array.tolist()


@pytest.mark.parametrize("values", [[], [1.0, 2.0], [1.0, 2.0, 3.0, 4.0, 5.0]])
def test_short_and_long_values_are_read_as_tensorflow_reads_them(values):
    proto = tensor_pb2.TensorProto(dtype=1, float_val=values)
    proto.tensor_shape.dim.add(size=4)
    expected = tf.io.parse_tensor(proto.SerializeToString(), tf.float32).numpy()
    np.testing.assert_array_equal(tensors.decode(ours(proto)), expected)


def test_values_sent_one_by_one():
    packed = tensor_pb2.TensorProto(dtype=1, float_val=[1.5, 2.5])
    packed.tensor_shape.dim.add(size=2)
    data = packed.SerializeToString().replace(
        b"\x2a\x08" + np.float32([1.5, 2.5]).tobytes(),
        b"\x2d" + np.float32(1.5).tobytes() + b"\x2d" + np.float32(2.5).tobytes(),
    )
    assert tensor_pb2.TensorProto.FromString(data) == packed
    message = messages_pb2.Tensor.FromString(data)
    np.testing.assert_array_equal(tensors.decode(message), [1.5, 2.5])


@pytest.mark.parametrize(
    "proto",
    [
        {"dtype": 0},
        {"dtype": 99},
        {"dtype": 1, "tensor_content": b"123"},
        {"dtype": 7, "tensor_content": b"123"},
        {"dtype": 1, "float_val": [b"123"]},
        {"dtype": 1, "tensor_shape": {"unknown_rank": True}},
        {"dtype": 1, "tensor_shape": {"dim": [{"size": -1}]}},
        {"dtype": 1, "tensor_shape": {"dim": [{"size": 2**40}, {"size": 2**40}]}},
        {"dtype": 1, "tensor_shape": {"dim": [{"size": 0}, {"size": 2**62}]}},
        {"dtype": 1, "tensor_shape": {"dim": [{"size": 1}] * 40}},
    ],
)
def test_malformed_tensors(proto):
    with pytest.raises(tensors.TensorError):
        tensors.decode(messages_pb2.Tensor(**proto))


def test_arrays_without_a_message():
    with pytest.raises(tensors.TensorError, match="datetime64"):
        tensors.encode_content(np.array(["2020-01-01"], "datetime64[D]"))
