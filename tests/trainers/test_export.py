import json
import re

from tests import programs
from tfvae.training.checkpoints import Checkpoints
from trainers.configs import beta_vae_shapes2d
from trainers.runs import construct, run_directory


def test_what_weights_of_fewer_bits_cost_is_printed_and_in_the_card(tmp_path):
    config = beta_vae_shapes2d.get_config()
    config.model.encoder = {"name": "DenseEncoder", "hidden": [8]}
    config.model.decoder = {"name": "DenseDecoder", "hidden": [8]}
    workdir = run_directory.claim(tmp_path / "run", config)
    data, _ = construct.build_data(config)
    model = construct.build_model(config, data)
    model.fit(data.batches(4, seed=0), steps_per_epoch=1, verbose=0)
    Checkpoints(model, workdir / "checkpoints").save()
    flags = [f"--workdir={workdir}", f"--model_base_path={tmp_path}/m"]
    flags += ["--weights=int8", "--error_examples=70", "--log_likelihood_samples=2"]
    done = programs.run("trainers.export", *flags)
    assert done.returncode == 0, done.stderr
    card = json.loads((tmp_path / "m/1/assets.extra/model_card.json").read_text())
    error = card["weights"]["error"]["reconstruct"]["image"]
    assert 0 < error["mean"] < error["max"] < 0.1
    assert re.search(r"^int8 weights: 0\.\d\d of the size; differences from", done.stdout, re.M)
    line = f"  reconstruct image: mean {error['mean']:.2g}, largest {error['max']:.2g}\n"
    assert line in done.stdout
