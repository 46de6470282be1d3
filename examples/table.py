"""Trains a VAE on a real table: measurements of cells, benign or malignant (scikit-learn's).

python examples/table.py runs/table

Programs do the same with --config=trainers/configs/vae_table.py --config.data.path=TABLE.
"""

import pathlib
import sys

import keras
import numpy as np
import pyarrow
from pyarrow import parquet
from sklearn.datasets import load_breast_cancer

import tfvae

folder = pathlib.Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
cells = load_breast_cancer()
columns = dict(zip(cells.feature_names, cells.data.T, strict=True))
columns["diagnosis"] = cells.target_names[cells.target]
parquet.write_table(pyarrow.table(columns), folder / "cells.parquet")

train = tfvae.data.Table(folder / "cells.parquet", split="train")
test = tfvae.data.Table(folder / "cells.parquet", split="test")
model = tfvae.VAE.for_data(train, latents=8)
model.compile(keras.optimizers.Adam(1e-3))


def elbo() -> float:
    """Returns the mean ELBO of the test rows, in nats."""
    (rows,) = test.epoch(test.num_examples)
    return float(np.mean(model.elbo(rows)))


before = elbo()
model.fit(train.batches(64, seed=0), steps_per_epoch=200, epochs=1, verbose=0)
print(f"ELBO of the test rows: {before:.1f} -> {elbo():.1f} nats per row")
samples = train.inverse_transform(model.sample(3))
for name in ("mean radius", "diagnosis"):
    print(f"{name}: {samples[name].tolist()}")
