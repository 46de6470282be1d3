"""Log-likelihoods by annealed importance sampling, which needs no posterior network."""

import math
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from tfvae import noise
from tfvae.arguments import require_at_least
from tfvae.evaluation import annealing, checks
from tfvae.evaluation.normalisation import require_normalised_prior

MEMORY_BUDGET = 2**30  # bytes; a group of 16 chains takes 480 MiB of images of 128 x 128 x 3
# Chains per example of the pilot, which finds the step sizes for the chains that count.
_PILOT_CHAINS = 4
_PILOT_WARM_UP = 50  # steps at the first temperature before its path begins
# Tensors of the data's shape alive at once, those kept for the gradient included.
_TENSORS_ALIVE = 8


class AnnealedEstimate(NamedTuple):
    """Estimates of log p(x) of B examples by C chains; nats.

    Attributes:
        log_likelihood: log of the mean weight, [B]; a lower bound in expectation.
        standard_error: standard error of `log_likelihood`, from the spread of the weights, [B];
            too small if few chains carry the weight, and NaN for one chain.
        effective_sample_size: (sum w)^2 / sum w^2, from 1 to C, [B]. It and the standard error are
            NaN for an impossible example (log-likelihood -inf).
        acceptance_rate: mean acceptance probability of the transitions, [B].
        log_weights: log-weight of each chain, [C, B].
        latent: last state of each chain, [C, B, d]; samples of p(z|x) when weighted.
    """

    log_likelihood: np.ndarray
    standard_error: np.ndarray
    effective_sample_size: np.ndarray
    acceptance_rate: np.ndarray
    log_weights: np.ndarray
    latent: np.ndarray


def annealed_importance_sampling(
    model,
    x: tf.Tensor,
    num_steps: int = 1000,
    num_chains: int = 16,
    num_leapfrog_steps: int = 10,
    seed: int = 0,
    memory_budget: int = MEMORY_BUDGET,
    progress: bool = False,
) -> AnnealedEstimate:
    """Returns estimates of log p(x) that need no posterior network.

    Neal 2001 (arXiv:physics/9803008), as Wu et al. 2017 (arXiv:1611.04273) evaluate decoders:
    chains start at the prior and follow p(z) p(x|z)^b to the posterior by Hamiltonian Monte Carlo,
    b rising by a sigmoid. More steps give a tighter bound (published: 10,000 steps, 16 chains). A
    pilot of four chains adapts the step sizes of each example and temperature to the published
    acceptance rate of 0.65; the chains that count keep these fixed, since chains that adapt to
    their own history give no bound.

    A model is any object with `prior`, `decode`, `sample_latent`, `latent_shape`, `data_shape`,
    `modalities_by_name` and `check_data`. Examples run in groups of twenty, distributed over the
    replicas of the model's strategy. The chains of example i depend on the seed, on i, and on the
    numbers of steps and chains, but not on memory, replicas, or the number of examples.

    Args:
        model: a model of continuous latents.
        x: data, [B, ...].
        num_steps: T, steps from prior to posterior.
        num_chains: C, chains per example.
        num_leapfrog_steps: leapfrog steps per transition.
        seed: seed of all samples.
        memory_budget: bytes that the tensors of a group of examples may take, on each replica.
        progress: whether to show a progress bar.

    Raises:
        ValueError: if a number is below 1, the data do not suit the model, the budget is below one
            group, the likelihood or prior has no normalised density, the latents are discrete, or
            weights are NaN (the message names the example).
    """
    chains = Chains(model, num_steps, num_chains, num_leapfrog_steps, seed, memory_budget)
    return estimate(chains.to_posterior(x, progress))


class Chains:
    """The chains of one model; the arguments are those of `annealed_importance_sampling`.

    Raises:
        ValueError: as `annealed_importance_sampling`, before any work.
    """

    def __init__(self, model, num_steps, num_chains, num_leapfrog_steps, seed, memory_budget):
        require_at_least(
            1, num_steps=num_steps, num_chains=num_chains, num_leapfrog_steps=num_leapfrog_steps
        )
        checks.require_densities(model)
        checks.require_continuous(model.prior())
        require_normalised_prior(model)
        group = annealing.GROUP * num_chains * math.prod(model.data_shape) * 4 * _TENSORS_ALIVE
        if memory_budget < group:
            raise ValueError(
                f"memory_budget is {memory_budget} bytes; {num_chains} chains of a group of "
                f"{annealing.GROUP} examples need {group}: raise it to that, or run fewer chains"
            )
        self.model, self.num_chains = model, num_chains
        self.leapfrog, self.seed = num_leapfrog_steps, seed
        self.temperatures = annealing.temperatures(num_steps)

    def bar(self, examples: int, progress: bool, paths: int) -> keras.utils.Progbar:
        """Returns a progress bar for the pilot and `paths` paths."""
        groups = -(-examples // annealing.GROUP)
        steps = len(self.temperatures) - 1
        total = groups * ((1 + paths) * steps + _PILOT_WARM_UP)
        return keras.utils.Progbar(total, verbose=int(progress), unit_name="step")

    def to_posterior(self, x: tf.Tensor, progress: bool) -> annealing.Path:
        """Checks data [B, ...] and returns the chains from the prior to their posterior."""
        x = tf.convert_to_tensor(x)
        checks.require_examples(x)
        self.model.check_data(x)
        bar = self.bar(x.shape[0], progress, paths=1)
        return self.forward(x, self.pilot(x, bar), bar)

    def pilot(self, x: tf.Tensor, bar=None) -> np.ndarray:
        """Returns the step sizes of examples [B, ...] at the T temperatures after the first."""
        start = np.zeros(_PILOT_WARM_UP)
        path = np.concatenate([start, self.temperatures])
        latent = self._prior_draws(x.shape[0], min(self.num_chains, _PILOT_CHAINS), "pilot")
        found = annealing.follow(
            self.model, x, latent, path, (self.seed, 0), self.leapfrog, bar=bar
        )
        return found.step_sizes[:, _PILOT_WARM_UP:]

    def forward(self, x: tf.Tensor, step_sizes: np.ndarray, bar=None) -> annealing.Path:
        """Returns the chains from the prior to the posterior of examples [B, ...]."""
        latent = self._prior_draws(x.shape[0], self.num_chains, "forward")
        return annealing.follow(
            self.model, x, latent, self.temperatures, (self.seed, 1), self.leapfrog, step_sizes, bar
        )

    def reverse(self, x, latent: tf.Tensor, step_sizes: np.ndarray, bar=None) -> annealing.Path:
        """Returns the chains from posterior samples [B, d] to the prior; reverses `forward`."""
        starts = tf.repeat(latent[:, tf.newaxis], self.num_chains, axis=1)
        # The transition at temperature t has the same step size; the last one, at 0, has no effect.
        sizes = np.roll(step_sizes[:, ::-1], -1, axis=1)
        return annealing.follow(
            self.model,
            x,
            starts,
            self.temperatures[::-1],
            (self.seed, 2),
            self.leapfrog,
            sizes,
            bar,
        )

    def _prior_draws(self, examples: int, chains: int, site: str) -> tf.Tensor:
        """Returns z ~ p(z), [B, C, d]; those of example i do not depend on the others."""
        rows = noise.fold_in(noise.seed_rows(self.seed, examples * chains), site)
        latent = self.model.sample_latent(rows)
        return tf.reshape(latent, [examples, chains, *latent.shape[1:]])


def estimate(path: annealing.Path) -> AnnealedEstimate:
    """Returns the estimates of log p(x) by chains from the prior to the posterior.

    Raises:
        ValueError: if weights are NaN or infinite (the message names an example).
    """
    log_weights = tf.constant(path.log_weights)  # [B, C]
    chains = log_weights.shape[1]
    log_likelihood = tf.reduce_logsumexp(log_weights, axis=1) - math.log(chains)
    checks.check_not_nan("annealed weights", log_likelihood)
    effective = 1 / tf.reduce_sum(tf.nn.softmax(log_weights, axis=1) ** 2, axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        variance = np.maximum(chains / effective.numpy() - 1, 0) / np.float64(chains - 1)
    return AnnealedEstimate(
        log_likelihood=log_likelihood.numpy(),
        standard_error=np.sqrt(variance),
        effective_sample_size=effective.numpy(),
        acceptance_rate=path.acceptance.mean(axis=1),
        log_weights=path.log_weights.T,
        latent=path.latent.swapaxes(0, 1),
    )
