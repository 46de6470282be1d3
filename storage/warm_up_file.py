"""The warm-up file of a SavedModel: requests that a server runs before it serves the version."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tensorflow_serving.apis.prediction_log_pb2 import PredictionLog

NAME = "tf_serving_warmup_requests"  # in assets.extra
MAX_RECORDS = 1000  # limit of the stock server


def read(version: Path) -> Iterator[PredictionLog]:
    """Yields the requests of a version, a TFRecord file of PredictionLog; none without a file.

    Args:
        version: the SavedModel's folder.

    Raises:
        ValueError: if the file is damaged, or has more records than a server accepts.
    """
    # Imported here: other parts of `storage` need no TensorFlow.
    import tensorflow as tf  # noqa: PLC0415
    from google.protobuf import message  # noqa: PLC0415
    from tensorflow_serving.apis import prediction_log_pb2  # noqa: PLC0415

    file = version / "assets.extra" / NAME
    if not file.exists():
        return
    try:
        for number, record in enumerate(tf.compat.v1.io.tf_record_iterator(str(file))):
            if number == MAX_RECORDS:
                raise ValueError(f"{file} has more than {MAX_RECORDS} records")
            yield prediction_log_pb2.PredictionLog.FromString(record)
    except (tf.errors.OpError, message.DecodeError) as error:
        raise ValueError(f"{file} is damaged: {error}") from error
