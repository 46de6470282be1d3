"""The base of models with a posterior: bounds and likelihoods, independent of the networks."""

from typing import Any

import keras
import tensorflow as tf

from tfvae import noise
from tfvae.arguments import require_at_least
from tfvae.coefficients import Coefficient
from tfvae.distributions.distribution_layer import distribution_of
from tfvae.distributions.sampling import sample_with_seeds
from tfvae.estimators import kl_divergence, path_kl_divergence
from tfvae.evaluation import likelihood as likelihoods
from tfvae.models import signatures
from tfvae.models.bound import Bound, Inference, LogDensities, total
from tfvae.models.generative_model import GenerativeModel
from tfvae.schedules import NumberOrSchedule
from tfvae.training import first_batch


class LatentVariableModel(GenerativeModel):
    """p(x) = E_p(z)[p(x|z)] with a posterior q(z|x).

    A subclass implements `encode` and `decode`, and `infer` if its q(z|x) depends on the decoder.
    It sets the attribute `posterior` and those of `GenerativeModel`. Objectives are combinations of
    the terms of `bound`.

    Args:
        num_samples: posterior samples per example, k, at least 1.
        kl_warmup: factor on the KL terms of the loss, a number or a schedule of the step.
        gradient_estimator: one of the model's `gradient_estimators`.
        name: the model's name.

    Attributes:
        posterior: parameters to q(z|x); a head, or any serialisable function.

    Raises:
        ValueError: if `num_samples` is below 1, or the estimator is unknown.
    """

    posterior: Any
    has_encoder = True
    gradient_estimators: tuple[str, ...] = ("standard",)
    term_names: tuple[str, ...] = ("loss", "elbo", "reconstruction", "kl")
    kl_warmup = Coefficient()

    def __init__(
        self,
        num_samples: int = 1,
        kl_warmup: NumberOrSchedule = 1.0,
        gradient_estimator: str = "standard",
        name: str | None = None,
    ):
        require_at_least(1, num_samples=num_samples)
        if gradient_estimator not in self.gradient_estimators:
            raise ValueError(
                f"gradient_estimator is {gradient_estimator!r}; {type(self).__name__} takes "
                f"{' or '.join(map(repr, self.gradient_estimators))}"
            )
        super().__init__(name=name)
        self.num_samples = num_samples
        self.kl_warmup = kl_warmup
        self.gradient_estimator = gradient_estimator

    def encode(self, x, training: bool = False):
        """Returns q(z|x) of data: batch [B], event [d]."""
        raise NotImplementedError(f"{type(self).__name__} must implement `encode`")

    def infer(
        self, x, seeds: tf.Tensor, num_samples: int = 1, first_sample=0, training: bool = False
    ) -> Inference:
        """Returns the posterior, samples from it, and the likelihood given the samples.

        Args:
            x: data, [B, ...], as `typed` returns it.
            seeds: int64 [B, 2]; the samples are drawn from these rows.
            num_samples: k.
            first_sample: number of the first sample, so that chunks equal the whole.
            training: whether this is a training step.
        """
        q = self.encode(x, training)  # q(z|x)
        z = sample_with_seeds(q, seeds, num_samples, first_sample)
        return Inference(q, z, self.likelihood_given(z, x, training))

    def likelihood_given(self, z: tf.Tensor, x, training: bool = False):
        """Returns p(x|z), batch [k, B]; with several modalities, of those in `x`."""
        del x
        return self.decode(z, training)

    def check_given(self, x) -> None:
        """Raises ValueError for data to encode that `check_data` refuses; not in graphs."""
        self.check_data(x)

    def typed(self, x):
        """Returns data in the likelihood's type."""
        return tf.cast(x, tf.float32)

    def bound(self, x, seeds: tf.Tensor, training: bool = False) -> Bound:
        """Returns the parts of the evidence lower bound.

        Args:
            x: data, [B, ...].
            seeds: int64 [B, 2].
            training: whether this is a training step.
        """
        x, seeds = self.typed(x), noise.fold_in(seeds, "posterior")
        inference = self.infer(x, seeds, self.samples_per_example, training=training)
        return self.bound_of(inference, x, training)

    def bound_of(self, inference: Inference, x, training: bool = False) -> Bound:
        """Returns the parts of the evidence lower bound for the results of one pass."""
        q, z, p, _ = inference
        log_probs = self.log_probs(p, x)  # log p(x_m|z)
        reconstructions = {name: tf.reduce_mean(term, axis=0) for name, term in log_probs.items()}
        prior = distribution_of(self.prior, training=training)  # p(z)
        path = training and self.gradient_estimator == "stl"
        kl = (path_kl_divergence if path else kl_divergence)(q, prior, z)
        return Bound(reconstructions, kl, self.weights_by_name, inference)

    def log_densities(self, q, z: tf.Tensor, p, x, training: bool = False) -> LogDensities:
        """Returns the log-densities of samples z from q, given p(x|z); all [k, B]."""
        log_probs = self.log_probs(p, x)
        weighted = [self.weights_by_name.get(m, 1.0) * term for m, term in log_probs.items()]
        prior = distribution_of(self.prior, training=training)  # p(z)
        return LogDensities(log_probs, total(weighted), prior.log_prob(z), q.log_prob(z))

    def log_probs(self, p, x) -> dict[str, tf.Tensor]:
        """Returns log p(x_m|z), [k, B], by modality."""
        return {name: p.log_prob(x) for name in self.modalities_by_name()}

    @property
    def weights_by_name(self) -> dict[str, float]:
        """Factors on the log-likelihoods of the modalities in the loss; 1 if not given."""
        return {}

    def terms(self, bound: Bound, objective: tf.Tensor) -> dict[str, tf.Tensor]:
        """Returns the named terms of an `objective` [B] to be maximised."""
        return {
            "loss": -objective,
            "elbo": bound.elbo,
            "reconstruction": bound.reconstruction,
            "kl": bound.kl,
        }

    @property
    def kl_weight(self) -> tf.Tensor:
        """The factor on the KL terms at this step, a scalar."""
        return self.kl_warmup

    @property
    def samples_per_example(self) -> int:
        """Samples of z for each example of a batch."""
        return self.num_samples

    def elbo(self, x, seed: noise.Seed = 0) -> tf.Tensor:
        """Returns the unweighted bound E_q[log p(x|z)] - KL(q(z|x) || p(z)), [B], nats."""
        self.check_data(x)
        x = self.typed(x)
        return self.bound(x, noise.seed_rows(seed, _num_rows(x))).elbo

    def log_weights(self, x, seeds, num_samples: int, first_sample=0) -> tf.Tensor:
        """Returns log w_i = log p(x, z_i) - log q(z_i|x), [num_samples, B], nats.

        Burda et al. 2016 (arXiv:1509.00519), equation 8; never with a closed-form KL.
        """
        self.check_given(x)
        x, seeds = self.typed(x), noise.fold_in(seeds, "posterior")
        q, z, p, _ = self.infer(x, seeds, num_samples, first_sample)
        log_px = total(self.log_probs(p, x).values())
        return log_px + self.prior().log_prob(z) - q.log_prob(z)

    def log_likelihood(self, x, num_samples: int = 5000, seed: noise.Seed = 0) -> tf.Tensor:
        """Returns the importance-weighted estimate of log p(x), [B], nats.

        A lower bound in expectation that rises with `num_samples`; see
        `tfvae.evaluation.log_likelihood`, which also takes a memory budget.
        """
        return likelihoods.log_likelihood(self, x, num_samples, seed)

    def encode_sample(self, x, seeds: tf.Tensor) -> tf.Tensor:
        """Returns z ~ q(z|x), [B, d], for data of B rows and seed rows [B, 2].

        The noise of row i is `tf.random.stateless_normal(seed=seeds[i], alg="philox")`, as in
        `sample`.
        """
        noise.require_rows(seeds)
        return sample_with_seeds(self.encode(x), seeds)[0]

    def latents_for(self, x, seeds: tf.Tensor) -> tf.Tensor:
        """Returns z ~ q(z|x), [B, d]."""
        return self.encode_sample(x, seeds)

    def __call__(self, inputs, *args, **kwargs):
        """Calls `call`; data are checked here, since Keras would rephrase the error."""
        if not isinstance(tf.nest.flatten(inputs)[0], keras.KerasTensor):
            self.check_given(inputs)
        return super().__call__(inputs, *args, **kwargs)

    def predict(self, x, *args, **kwargs):
        """Returns what `call` does as an array, in batches, as `keras.Model.predict` does.

        Raises:
            ValueError: if the first batch (an array: all of it) does not suit the model.
        """
        return super().predict(first_batch.checked(x, self.check_given), *args, **kwargs)

    def call(self, inputs, training: bool = False):
        """Returns the mean of p(x|z) at the posterior's mean, of the data's shape."""
        return self.decode(self.encode(inputs, training).mean(), training).mean()

    def signatures(self, log_likelihood_samples: int = 64, subsets=None) -> dict[str, Any]:
        """Returns the signatures of an export of the model: `tfvae.models.signatures`.

        Raises:
            ValueError: if `subsets` are given: the model has one modality.
        """
        self._refuse_subsets(subsets)
        return signatures.of_latent_variable_model(self, log_likelihood_samples)

    def require_uncoupled_samples(self) -> None:
        """Checks that the gradient estimator suits the networks.

        Raises:
            ValueError: if "dreg" is used with batch normalisation: the density of one sample then
                depends on the others, and the estimator is biased.
        """
        normalised = (keras.layers.BatchNormalization,)
        if self.gradient_estimator == "dreg" and any(
            isinstance(layer, normalised) for layer in self._flatten_layers()
        ):
            raise ValueError(
                "gradient_estimator is 'dreg', which is biased if batch normalisation couples "
                "the samples; use 'standard', or networks without batch_normalization"
            )


def _num_rows(x) -> tf.Tensor:
    """Returns B, a scalar, for data [B, ...] or a structure of such."""
    return tf.shape(tf.nest.flatten(x)[0])[0]
