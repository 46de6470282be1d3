"""The semi-supervised variational autoencoder: a label as a modality and as a latent."""

from collections.abc import Mapping

import keras
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfvae import noise
from tfvae.coefficients import Coefficient
from tfvae.distributions.labelled_normal import IMPOSSIBLE, LabelledNormal
from tfvae.models.bound import Bound
from tfvae.multimodal import checks
from tfvae.multimodal.label import Label, LabelledPrior
from tfvae.multimodal.multimodal_vae import MultimodalVAE
from tfvae.multimodal.observed import Observed
from tfvae.priors import StandardNormal
from tfvae.schedules import NumberOrSchedule


@keras.saving.register_keras_serializable("tfvae")
class SemiSupervisedVAE(MultimodalVAE):
    """p(x, y) = E_p(z)[p(y) p(x|y, z)] with some labels y unknown; M2 of Kingma et al. 2014.

    arXiv:1406.5298, equations 6 to 9. The latent is [y, z]: the label is part of it, and a modality
    too. With U(x, y) = E_{q(z|x, y)}[log p(x|y, z)] + log p(y) - KL(q(z|x, y) || p(z)),

        L = sum_y q(y) (U(x, y) - log q(y)) + alpha log q(y|x) where y is known,

    where q(y) is certain if the label is known, and the classifier's q(y|x) otherwise. If all
    labels are known, it is the conditional VAE (Sohn et al. 2015) with a separate classifier;
    `translate({"digit": [3]}, to="image")` returns the mean of p(x|y, z).

    Args:
        modalities: a `Modality` of the data and a `Label` of K classes. The encoder of the data is
            the classifier, data to logits [B, K]; its decoder takes [y, z].
        joint_encoder: Keras network, {data, label} to the parameters of q(z|x, y).
        posterior: parameters to q(z|x, y), a `tfvae.heads.DiagonalNormal`.
        prior: callable without arguments that returns p(z), a normal of diagonal covariance; a
            `StandardNormal` if None.
        alpha: factor on log q(y|x), a number or a schedule of the step; the paper takes 0.1 times
            the number of examples over that of labelled ones.
        kwargs: the arguments of `MultimodalVAE`.

    Raises:
        ValueError: if the modalities are not one `Label` and one `Modality`, the posterior or prior
            is not such a normal, or the joint encoder has another number of outputs.
    """

    label_is_latent = True
    alpha = Coefficient()

    def __init__(
        self,
        modalities: Mapping,
        joint_encoder: keras.Model,
        posterior,
        prior=None,
        alpha: NumberOrSchedule = 1.0,
        **kwargs,
    ):
        labels = [name for name, modality in modalities.items() if isinstance(modality, Label)]
        if len(labels) != 1 or len(modalities) != 2:
            raise ValueError(
                f"modalities are {', '.join(modalities)}, of which {len(labels)} are labels; there "
                "must be one tfvae.multimodal.Label and one Modality"
            )
        params = tf.zeros([1, posterior.params_size])
        checks.require_normal("posterior", posterior, posterior(params))
        size = posterior(params).event_shape[0]
        if not isinstance(prior, LabelledPrior):
            prior = StandardNormal(size) if prior is None else prior
            checks.require_normal("prior", prior, prior())
            prior = LabelledPrior(modalities[labels[0]].num_classes, prior)
        self._latents = size
        super().__init__(modalities, posterior, prior, **kwargs)
        self.alpha = alpha
        self.joint_encoder = joint_encoder
        (self.label,) = labels
        (self.data,) = (name for name in modalities if name != self.label)
        checks.build_joint_encoder(joint_encoder, self.modalities, posterior)

    def build_modality(self, modality) -> None:
        """Builds a modality's networks."""
        if isinstance(modality, Label):
            return

        def posterior(logits):  # checks that the classifier has K outputs
            moment = tf.zeros([1, logits.shape[-1], self._latents])
            return LabelledNormal(logits, moment, moment + 1.0)

        modality.build_networks(posterior, self.prior)

    def posterior_given(self, x: Observed, training: bool = False) -> LabelledNormal:
        """Returns q(y, z|x_A), batch [B]."""
        return self.labelled(x, self.classify(x, training), training)

    def classify(self, x: Observed, training: bool = False) -> tf.Tensor:
        """Returns the logits of q(y|x), [B, K]; for rows without data, those of p(y)."""
        num_classes = self.modalities[self.label].num_classes
        if self.data not in x.values:
            return tf.zeros([x.num_rows, num_classes])
        logits = self.modalities[self.data].parameters(x.values[self.data], training)
        return tf.where(x.here(self.data)[:, tf.newaxis] > 0, logits, 0.0)

    def labelled(self, x: Observed, logits: tf.Tensor, training: bool) -> LabelledNormal:
        """Returns q(y, z|x_A); q(y) is certain for known labels, and given by `logits` else."""
        if self.label in x.values:
            known = tf.where(x.values[self.label] > 0.5, 0.0, IMPOSSIBLE)
            logits = tf.where(x.here(self.label)[:, tf.newaxis] > 0, known, logits)
        here = x.here(self.data)[:, tf.newaxis, tf.newaxis] > 0
        moments = self.prior().moments
        if self.data in x.values:
            q = self.posterior_of_every_label(x, training)
            moments = tuple(
                tf.where(here, ours, theirs)
                for ours, theirs in zip((q.mean(), q.stddev()), moments, strict=True)
            )
        else:
            moments = tuple(tf.tile(m[tf.newaxis], [x.num_rows, 1, 1]) for m in moments)
        return LabelledNormal(logits, *moments)

    def posterior_of_every_label(self, x: Observed, training: bool) -> tfd.Distribution:
        """Returns q(z|x, y) for every label y, batch [B, K]."""
        num_classes = self.modalities[self.label].num_classes
        labels = tf.tile(tf.eye(num_classes), [x.num_rows, 1])
        data = tf.repeat(x.values[self.data], num_classes, axis=0)
        params = self.joint_encoder({self.data: data, self.label: labels}, training=training)
        params = tf.cast(params, tf.float32)
        return self.posterior(tf.reshape(params, [-1, num_classes, params.shape[-1]]))

    def objective(self, x, seeds, training):
        """Returns the terms of the loss, each [B] in nats."""
        x = self.typed(x)
        logits = self.classify(x, training)
        q, p = self.labelled(x, logits, training), self.prior()  # q(y) q(z|x, y), p(y) p(z)
        z = self.samples_of_every_label(q, seeds)
        reconstruction = self.log_prob_of_every_label(x, z, training)  # E[log p(x|y, z)], [B, K]
        q_z, p_z = tfd.MultivariateNormalDiag(*q.moments), p.given(tf.eye(q.num_classes))
        kl = tfd.kl_divergence(q_z, p_z)  # [B, K]

        q_y = tf.exp(q.log_probs)

        def expected(values):  # sum_y q(y) values(y)
            return tf.reduce_sum(q_y * values, axis=-1)

        bound = Bound(
            {self.data: expected(reconstruction)},
            expected(kl + q.log_probs - p.log_probs),
            self.weights_by_name,
        )
        objective = bound.weighted - self.kl_weight * bound.kl
        if self.label in x.values:
            log_q_y = tf.reduce_sum(x.values[self.label] * tf.nn.log_softmax(logits), axis=-1)
            objective += self.alpha * x.has([self.label, self.data]) * log_q_y  # log q(y|x)
        return self.terms(bound, objective)

    def samples_of_every_label(self, q: LabelledNormal, seeds: tf.Tensor) -> tf.Tensor:
        """Returns latents [y, z], z ~ q(z|x, y) for every label y, [k, B, K, K + d]."""
        shape = [self.num_samples, -1, q.num_classes, self._latents]
        normal = noise.normal(
            noise.fold_in(seeds, "posterior"), q.num_classes * self._latents, self.num_samples
        )
        mean, stddev = q.moments
        z = mean + stddev * tf.reshape(normal, shape)
        labels = tf.eye(q.num_classes)
        labels = tf.broadcast_to(labels, tf.concat([tf.shape(z)[:-1], [q.num_classes]], axis=0))
        return tf.concat([labels, z], axis=-1)

    def log_prob_of_every_label(self, x: Observed, latents: tf.Tensor, training: bool) -> tf.Tensor:
        """Returns E[log p(x|y, z)] over latents [k, B, K, K + d], [B, K]; 0 without data."""
        if self.data not in x.values:
            return tf.zeros(tf.shape(latents)[1:3])
        p = self.modalities[self.data](latents, training)
        log_prob = p.log_prob(tf.expand_dims(x.values[self.data], 1))
        return tf.reduce_mean(log_prob, axis=0) * x.here(self.data)[:, tf.newaxis]
