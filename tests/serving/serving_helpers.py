import os
import re
import shutil
import signal
import socket
import time
from pathlib import Path

import tensorflow as tf

from tests import programs

ROOT = Path(__file__).parents[2]


def export(path: Path, bias: float = 0.0) -> Path:
    """A SavedModel with the signatures of an exported VAE: 4 x 4 images, 2 latents."""
    module = tf.Module()
    module.weights = tf.Variable(tf.reshape(tf.range(32.0), [16, 2]) / 32)
    module.bias = tf.Variable(bias)
    image = tf.TensorSpec([None, 4, 4, 1], tf.float32, "image")
    latent = tf.TensorSpec([None, 2], tf.float32, "latent")
    seed = tf.TensorSpec([None, 2], tf.int64, "seed")
    image_bytes = tf.TensorSpec([None], tf.string, "image_bytes")
    count = tf.TensorSpec([None], tf.int32, "count")

    def mean(image):
        return tf.reshape(image, [-1, 16]) @ module.weights + module.bias

    def noise(seed):
        return tf.cast(seed, tf.float32)

    def picture(latent):
        rows = tf.linalg.matmul(latent, module.weights, transpose_b=True)
        return tf.reshape(tf.sigmoid(rows), [-1, 4, 4, 1])

    def encode(image):
        return {"mean": mean(image), "stddev": tf.ones_like(mean(image))}

    def encode_sample(image, seed):
        return {"latent": mean(image) + noise(seed)}

    def decode(latent):
        return {"image": picture(latent)}

    def sample(seed):
        return {"latent": noise(seed), "image": picture(noise(seed))}

    def reconstruct(image):
        return {"image": picture(mean(image))}

    def log_likelihood(image, seed):
        return {"log_likelihood": tf.reduce_sum(noise(seed), -1) + mean(image)[:, 0]}

    def encode_png(image_bytes):
        length = tf.cast(tf.strings.length(image_bytes), tf.float32)
        return {"mean": tf.stack([length, length], -1), "stddev": tf.zeros([1, 2])}

    def decode_png(latent):
        return {"image_bytes": tf.strings.join(["\0\xff", tf.strings.as_string(latent[:, 0])])}

    def slow(count):
        steps = tf.while_loop(lambda i: tf.reduce_all(i < count), lambda i: i + 1, [count * 0])
        return {"count": steps[0]}

    functions = {
        encode: [image],
        encode_sample: [image, seed],
        decode: [latent],
        sample: [seed],
        reconstruct: [image],
        log_likelihood: [image, seed],
        encode_png: [image_bytes],
        decode_png: [latent],
        slow: [count],
    }
    signatures = {
        function.__name__: tf.function(function, input_signature=specs)
        for function, specs in functions.items()
    }
    signatures["serving_default"] = signatures["encode"]
    tf.saved_model.save(module, str(path), signatures=signatures)
    return path


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Server:
    """The program, running; `line` is what it printed when ready."""

    def __init__(self, *flags: str):
        environment = {k: v for k, v in os.environ.items() if not k.startswith("TF_CPP")}
        self.process = programs.start("serving.server", "--model_name=m", *flags, env=environment)
        self.line = self.process.stdout.readline()
        if not self.line:
            raise AssertionError(self.process.errors())
        self.address = re.search(r"gRPC at (\S+:\d+)", self.line)[1]
        rest = re.search(r"REST at (\S+:\d+)", self.line)
        self.rest = f"http://{rest[1]}/v1/models" if rest else None

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def stop(self) -> tuple[int, str]:
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
        _, errors = self.process.communicate(timeout=40)
        return self.process.returncode, errors


def add_version(exported: Path, base_path: Path, number: int) -> Path:
    """Copies a version beside and renames it, as an exporter must."""
    shutil.copytree(exported, base_path / "temporary")
    return (base_path / "temporary").rename(base_path / str(number))


def wait_until(condition, seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "the condition was not met in time"
        time.sleep(0.02)
