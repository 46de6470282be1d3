"""Bernoulli likelihoods for values in [0, 1]."""

import keras
from tensorflow_probability import distributions as tfd

from tfvae.distributions.distribution_layer import LikelihoodHead
from tfvae.distributions.softplus import softplus


class _LogitBernoulli(tfd.Bernoulli):
    """A faster `tfd.Bernoulli`: one softplus and one product per pixel instead of two."""

    def _log_prob(self, event):
        # x log p + (1 - x) log(1 - p), p = sigmoid(logit); exact to the logit's last digit.
        return event * self.logits - softplus(self.logits)


@keras.saving.register_keras_serializable("tfvae")
class Bernoulli(LikelihoodHead):
    """Bernoulli likelihood: p(x|z) = prod_i Bernoulli(x_i; sigmoid(logit_i)).

    Parameters are [n, ..., C], one logit per value; the distribution has batch [n], event
    [..., C]. For values between 0 and 1 the log-probability is minus the cross entropy.
    """

    params_size = 1
    support = (0.0, 1.0)
    gives_probabilities = True  # to 0 and 1
    params_are_logits = True

    def distribution(self, params, batch_ndims=1):
        """Returns the independent Bernoullis with logits `params`."""
        bernoulli = _LogitBernoulli(logits=params, dtype=params.dtype)
        return tfd.Independent(bernoulli, params.shape.rank - batch_ndims)


@keras.saving.register_keras_serializable("tfvae")
class ContinuousBernoulli(LikelihoodHead):
    """Continuous Bernoulli likelihood: the Bernoulli normalised on [0, 1] (arXiv:1907.06845).

    Parameters are [n, ..., C], one logit per value; the distribution has batch [n], event
    [..., C].
    """

    params_size = 1
    support = (0.0, 1.0)
    params_are_logits = True

    def distribution(self, params, batch_ndims=1):
        """Returns the independent continuous Bernoullis with logits `params`."""
        return tfd.Independent(
            tfd.ContinuousBernoulli(logits=params), params.shape.rank - batch_ndims
        )
