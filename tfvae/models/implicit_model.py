"""The base of generators without a density."""

from tfvae.models.generative_model import GenerativeModel, MissingPartError


class ImplicitModel(GenerativeModel):
    """A generator x = G(z), z ~ p(z), that can be sampled but gives no density of data.

    `decode` returns a distribution that has a mean, G(z), and no `log_prob`. Methods that need a
    density or an encoder raise MissingPartError.
    """

    def elbo(self, x, seed=0):
        """Raises MissingPartError: there is no likelihood."""
        raise self._has_no("density, so no elbo")

    def log_likelihood(self, x, num_samples: int = 5000, seed=0):
        """Raises MissingPartError: there is no likelihood."""
        raise self._has_no("density, so no log_likelihood")

    def encode(self, x, training: bool = False):
        """Raises MissingPartError: there is no encoder."""
        raise self._has_no("encoder")

    def reconstruct(self, x):
        """Raises MissingPartError: there is no encoder."""
        raise self._has_no("encoder, so no reconstruct")

    def _has_no(self, part: str) -> MissingPartError:
        advice = (
            "train a model with an encoder, such as tfvae.VAE"
            if part.startswith("encoder")
            else "use a model with a likelihood, such as tfvae.VAE, or give the decoder one, such "
            "as tfvae.heads.Normal, and use tfvae.evaluation.annealed_importance_sampling"
        )
        return MissingPartError(f"{type(self).__name__} has no {part}: {advice}")
