"""pythae's side of the comparisons; runs in the environment with pythae.

For each line on stdin, trains for one epoch and writes the elapsed seconds to stdout; exits when
stdin closes. It does not import tfvae.
"""

import argparse
import sys
import time

import numpy as np
import torch
from pythae.data.datasets import BaseDataset
from pythae.models import IWAE, BetaVAE, BetaVAEConfig, IWAEConfig
from pythae.models.base.base_utils import ModelOutput
from pythae.models.nn import BaseDecoder, BaseEncoder
from pythae.trainers import BaseTrainer, BaseTrainerConfig
from pythae.trainers.training_callbacks import TrainingCallback
from torch import nn


class Encoder(BaseEncoder):
    """The convolutional encoder of Kim & Mnih 2018, as `tfvae.networks.ConvEncoder`."""

    def __init__(self, latents: int):
        super().__init__()
        layers: list[nn.Module] = []
        for inputs, outputs in ((1, 32), (32, 32), (32, 64), (64, 64)):
            layers += [nn.Conv2d(inputs, outputs, 4, stride=2, padding=1), nn.ReLU()]
        self.hidden = nn.Sequential(*layers, nn.Flatten(), nn.Linear(1024, 128), nn.ReLU())
        self.mean = nn.Linear(128, latents)
        self.log_variance = nn.Linear(128, latents)

    def forward(self, x):
        """Returns the posterior's parameters."""
        hidden = self.hidden(x)
        return ModelOutput(embedding=self.mean(hidden), log_covariance=self.log_variance(hidden))


class Decoder(BaseDecoder):
    """The decoder of Kim & Mnih 2018; a sigmoid at the end, as pythae's cross entropy needs."""

    def __init__(self, latents: int):
        super().__init__()
        layers: list[nn.Module] = [nn.Linear(latents, 128), nn.ReLU()]
        layers += [nn.Linear(128, 1024), nn.ReLU(), nn.Unflatten(1, (64, 4, 4))]
        for inputs, outputs in ((64, 64), (64, 32), (32, 32)):
            layers += [nn.ConvTranspose2d(inputs, outputs, 4, stride=2, padding=1), nn.ReLU()]
        layers += [nn.ConvTranspose2d(32, 1, 4, stride=2, padding=1), nn.Sigmoid()]
        self.layers = nn.Sequential(*layers)

    def forward(self, z):
        """Returns the reconstruction."""
        return ModelOutput(reconstruction=self.layers(z))


class DenseEncoder(BaseEncoder):
    """The one-layer encoder of Burda et al. 2016: 200-200 tanh."""

    def __init__(self, latents: int):
        super().__init__()
        self.hidden = nn.Sequential(
            nn.Flatten(), nn.Linear(784, 200), nn.Tanh(), nn.Linear(200, 200), nn.Tanh()
        )
        self.mean = nn.Linear(200, latents)
        self.log_variance = nn.Linear(200, latents)

    def forward(self, x):
        """Returns the posterior's parameters."""
        hidden = self.hidden(x)
        return ModelOutput(embedding=self.mean(hidden), log_covariance=self.log_variance(hidden))


class DenseDecoder(BaseDecoder):
    """The decoder of Burda et al. 2016: 200-200 tanh, a sigmoid at the end."""

    def __init__(self, latents: int):
        super().__init__()
        layers: list[nn.Module] = [nn.Linear(latents, 200), nn.Tanh(), nn.Linear(200, 200)]
        self.layers = nn.Sequential(*layers, nn.Tanh(), nn.Linear(200, 784), nn.Sigmoid())

    def forward(self, z):
        """Returns the reconstruction."""
        return ModelOutput(reconstruction=self.layers(z).reshape(-1, 1, 28, 28))


class OneEpochALine(TrainingCallback):
    """Starts each epoch at a line on stdin and writes the time of its steps.

    The work between two epochs (keeping the best model, logging) is not counted.

    Args:
        steps: steps per epoch.
    """

    def __init__(self, steps: int):
        self._steps = steps

    def on_train_step_begin(self, training_config, **kwargs):
        """Waits; pythae calls this once an epoch, before the first step."""
        if not sys.stdin.readline():
            sys.exit()
        self._done = 0
        self._start = time.perf_counter()

    def on_train_step_end(self, training_config, **kwargs):
        """Writes the seconds after the last step."""
        self._done += 1
        if self._done == self._steps:
            print(f"seconds {time.perf_counter() - self._start}", flush=True)


def make_model(arguments):
    """Creates the model selected by the arguments."""
    shared = {"latent_dim": arguments.latents, "reconstruction_loss": "bce"}
    if arguments.model == "beta_vae":
        config = BetaVAEConfig(input_dim=(1, 64, 64), beta=arguments.beta, **shared)
        return BetaVAE(config, Encoder(arguments.latents), Decoder(arguments.latents))
    config = IWAEConfig(input_dim=(1, 28, 28), number_samples=arguments.num_samples, **shared)
    return IWAE(config, DenseEncoder(arguments.latents), DenseDecoder(arguments.latents))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", choices=("beta_vae", "iwae"), required=True)
    parser.add_argument(
        "--images", required=True, help="a .npy of images [N, H, W, 1], zeros and ones"
    )
    parser.add_argument("--directory", required=True, help="where pythae writes its files")
    parser.add_argument("--batch_size", type=int, required=True)
    parser.add_argument("--latents", type=int, required=True)
    parser.add_argument("--beta", type=float)
    parser.add_argument("--num_samples", type=int)
    arguments = parser.parse_args()
    images = torch.from_numpy(np.load(arguments.images).astype(np.uint8))
    images = images.permute(0, 3, 1, 2).contiguous()
    model = make_model(arguments)
    print(f"weights {sum(weight.numel() for weight in model.parameters())}", flush=True)
    print(f"torch {torch.__version__}", flush=True)
    trainer = BaseTrainer(
        model=model,
        train_dataset=BaseDataset(images, torch.zeros(len(images))),
        training_config=BaseTrainerConfig(
            output_dir=arguments.directory,
            num_epochs=1_000_000,
            per_device_train_batch_size=arguments.batch_size,
        ),
        callbacks=[OneEpochALine(len(images) // arguments.batch_size)],
    )
    trainer.train()


if __name__ == "__main__":
    main()
