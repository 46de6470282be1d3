"""Packaging: what is installed, what it depends on and the commands it gives."""

import pathlib
import re

from setuptools import find_packages, setup

ROOT = pathlib.Path(__file__).parent
VERSION = re.search(r'__version__ = "(.+)"', (ROOT / "tfvae/__init__.py").read_text()).group(1)

TENSORFLOW = "2.21.0,<2.22"

INSTALL = [
    f"tensorflow>={TENSORFLOW}",
    # The loop under fit replaces private functions of this minor version.
    "keras>=3.15,<3.16",
    # The extra brings tf_keras, without which TFP does not import; nothing of it is used.
    "tensorflow-probability[tf]>=0.25,<0.26",
    "tensorflow-serving-api>=2.21,<2.22",
    "absl-py>=2.1,<3",
    "ml_collections>=1.0,<2",
    "numpy>=2.0,<3",
    "scikit-learn>=1.5,<2",
    "matplotlib>=3.9,<4",
    "pillow>=10.3,<14",
    "tensorboard>=2.20,<2.22",
    "grpcio>=1.66,<2",
    "protobuf>=6.31,<8",
    "starlette>=0.40,<2",
    "uvicorn>=0.54,<1",
    "grpcio-health-checking>=1.66,<2",
    "grpcio-reflection>=1.66,<2",
    "prometheus_client>=0.20,<1",
    "google-crc32c>=1.5,<2",
    "scipy>=1.13,<2",
    "h5py>=3.11,<4",
]
# importlib_resources is used by tensorflow-datasets on Python 3.11 and not declared there.
DATASETS = ["tensorflow-datasets>=4.9.8,<5", "importlib_resources>=6,<8"]
TABLES = ["pyarrow>=17,<26"]
BATCH = ["apache-beam>=2.60,<3"]
DEV = [
    *DATASETS,
    *TABLES,
    *BATCH,
    *("ruff>=0.12", "mypy>=1.15", "pytest>=8,<10", "pytest-xdist>=3.6,<4"),
    "pyyaml>=6,<7",  # deployment files
    "psutil>=5.9,<8",  # what tests cost
    # Of the tests of the server: mutated requests, certificates, a client of another hand.
    *("hypothesis>=6.100,<7", "trustme>=1.2,<2", "ovmsclient>=2023.1"),
]

setup(
    name="tfvae",
    version=VERSION,
    description="Variational autoencoders in Keras 3, from the paper to TensorFlow Serving",
    long_description=(ROOT / "README.md").read_text(),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    python_requires=">=3.11,<3.14",
    packages=find_packages(include=["tfvae*", "trainers*", "serving*", "programs*", "storage*"]),
    package_data={
        "tfvae": ["py.typed"],
        "serving.config": ["*.proto", "*.pyi"],
        "serving.deploy": ["templates/*", "templates/*/*"],
        "serving.client": ["*.proto", "*.pyi"],
    },
    install_requires=INSTALL,
    extras_require={
        "gpu": [f"tensorflow[and-cuda]>={TENSORFLOW}"],
        "datasets": DATASETS,
        "tables": TABLES,
        "batch": BATCH,
        "dev": DEV,
    },
    entry_points={
        "console_scripts": [
            "tfvae-train=trainers.train:cli",
            "tfvae-sweep=trainers.sweep:cli",
            "tfvae-evaluate=trainers.evaluate:cli",
            "tfvae-plot=trainers.plot:cli",
            "tfvae-export=trainers.export:cli",
            "tfvae-prepare=trainers.prepare:cli",
            "tfvae-launch=trainers.launch:cli",
            "tfvae-batch=serving.batch.__main__:run",
            "tfvae-server=serving.server:run",
            "tfvae-client=serving.client.__main__:run",
            "tfvae-check=serving.check:run",
            "tfvae-deploy=serving.deploy.__main__:run",
        ]
    },
)
