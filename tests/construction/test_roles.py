"""A user's own classes: annotations of their constructors tell what the arguments take."""

import sys

import keras
import numpy as np
import pytest

import tfvae
from tfvae.construction import build_model, construct, lookup_model
from tfvae.construction.roles import Role, roles_of

NETWORK = Role("tfvae.networks", several=False)


class Critic(tfvae.VAE):
    """A model with a network under a name that no other model uses."""

    def __init__(self, *args, critic: keras.Model, outputs: int = 5, data: str = "mine", **kwargs):
        super().__init__(*args, **kwargs)
        self.critic, self.outputs, self.origin = critic, outputs, data


class OwnNetwork(keras.Model):
    def __init__(self, outputs: int = 4, data=None, **kwargs):
        super().__init__(**kwargs)
        self.outputs_given, self.data_given = outputs, data


PARTS = {
    "encoder": {"name": "DenseEncoder", "hidden": []},
    "decoder": {"name": "DenseDecoder", "hidden": []},
    "posterior": {"name": "DiagonalNormal", "size": 2},
    "likelihood": {"name": "Normal"},
}


def test_annotations_say_what_arguments_take():
    assert roles_of(Critic)["critic"] == NETWORK
    assert not {"outputs", "data", "num_samples"} & roles_of(Critic).keys()
    assert roles_of(tfvae.BetaVAE)["beta"].package == "tfvae.schedules"
    assert roles_of(tfvae.JMVAE)["modalities"] == Role("tfvae.multimodal", several=True)
    assert roles_of(tfvae.networks.JointEncoder)["encoders"] == NETWORK._replace(several=True)
    assert roles_of(tfvae.priors.VampPrior)["data"].package == "tfvae.data"


def test_nothing_is_handed_over_because_of_a_name():
    critic = {"name": f"{__name__}.OwnNetwork"}
    model = build_model(Critic, {**PARTS, "critic": critic}, (3,), data=np.zeros([9, 3]))
    assert (model.outputs, model.origin) == (5, "mine")
    assert (model.critic.outputs_given, model.critic.data_given) == (4, None)


@pytest.mark.parametrize(
    ("cls", "arguments", "message"),
    [
        (Critic, {"critic": {"name": "Linear"}}, r"m.critic.name is 'Linear'; .*valid: ConvDec"),
        (Critic, {}, r"m.critic is missing; give its name"),
        (
            tfvae.VAE,
            {"adversary": {"name": "Discriminator"}},
            r"m.adversary is unknown; VAE takes these objects: decoder \(tfvae.networks\), encod",
        ),
        (
            tfvae.VAE,
            {"num_samples": {"name": "Linear"}},
            r"m.num_samples is an object, 'Linear', which this argument of VAE does not take; argu",
        ),
    ],
)
def test_objects_under_unknown_roles_are_refused_with_the_roles(cls, arguments, message):
    with pytest.raises(ValueError, match=message):
        build_model(cls, {**PARTS, **arguments}, (3,), field="m")


def test_own_classes_by_module(tmp_path, monkeypatch):
    (tmp_path / "own_parts.py").write_text("import tfvae\nclass Own(tfvae.VAE):\n    pass\n")
    (tmp_path / "own_broken.py").write_text("import not_there\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert lookup_model("own_parts.Own", "f").__mro__[1] is tfvae.VAE
    with pytest.raises(ValueError, match=r"f is 'own_parts.Owm'; module 'own_parts' has no class"):
        lookup_model("own_parts.Owm", "f")
    with pytest.raises(ValueError, match=r"f.name is 'own_part.X'; there is no module 'own_part'"):
        construct("own_part.X", "tfvae.networks", "f")
    with pytest.raises(ModuleNotFoundError, match="not_there"):  # the user's own, unchanged
        construct("own_broken.X", "tfvae.networks", "f")
    del sys.modules["own_parts"]
