"""Trains a Keras classifier on the codes of an exported model, which is not trained.

python examples/classify_in_keras.py saved_models/shapes

The images are synthetic: dark ones are class 0, bright ones class 1.
"""

import sys

import keras
import numpy as np

from tfvae import saved_model
from tfvae.saved_model.layer import SignatureLayer

model = saved_model.load(sys.argv[1])  # the newest version
shape = model["encode"].inputs["image"].shape[1:]
generator = np.random.default_rng(0)
labels = generator.integers(0, 2, 512)
images = 0.7 * labels[:, None, None, None] + 0.3 * generator.random((512, *shape))

inputs = keras.Input(shape)
codes = SignatureLayer(model.path, "encode")(inputs)["mean"]
outputs = keras.layers.Dense(2, activation="softmax")(codes)
classifier = keras.Model(inputs, outputs)
classifier.compile(
    keras.optimizers.Adam(0.05), "sparse_categorical_crossentropy", metrics=["accuracy"]
)
classifier.fit(images, labels, epochs=30, verbose=0)
print(f"accuracy {classifier.evaluate(images, labels, verbose=0)[1]:.3f}")
