import pytest

from trainers.sweeping.grid import plan

CONFIG = {"config": "beta_vae_shapes2d"}


def names(*grids):
    return [run.name for run in plan(grids, "runs/sweep")]


def test_runs_are_named_after_what_varies_the_seed_last():
    common = {"seed": [0, 1], "steps": 20_000, "optimizer.learning_rate": 1e-4}
    runs = plan(
        [
            {**CONFIG, **common, "model.beta": [1, 4]},
            {"config": "factor_vae_shapes2d", "model.gamma": [10, 40.5], **common},
        ],
        "runs/sweep",
    )
    assert [str(run.directory) for run in runs] == [
        "runs/sweep/beta_vae_shapes2d-beta=1-seed=0",
        "runs/sweep/beta_vae_shapes2d-beta=4-seed=0",
        "runs/sweep/beta_vae_shapes2d-beta=1-seed=1",
        "runs/sweep/beta_vae_shapes2d-beta=4-seed=1",
        "runs/sweep/factor_vae_shapes2d-gamma=10-seed=0",
        "runs/sweep/factor_vae_shapes2d-gamma=10-seed=1",
        "runs/sweep/factor_vae_shapes2d-gamma=40.5-seed=0",
        "runs/sweep/factor_vae_shapes2d-gamma=40.5-seed=1",
    ]
    last = runs[-1]
    assert last.varied == {"gamma": 40.5}
    assert (last.config.model.gamma, last.config.seed, last.config.steps) == (40.5, 1, 20_000)
    assert last.config.optimizer.learning_rate == 1e-4
    assert "--config.model.gamma=40.5" in last.flags
    assert last.flags[0].endswith("trainers/configs/factor_vae_shapes2d.py")


def test_one_value_written_two_ways_is_one_value():
    runs = plan([{**CONFIG, "model.beta": [4, 1e1]}, {**CONFIG, "model.beta": 10, "seed": 3}], "")
    assert [run.varied["beta"] for run in runs] == [4.0, 10.0, 10.0]
    assert isinstance(runs[0].varied["beta"], float)
    assert runs[2].name == "beta_vae_shapes2d-beta=10-seed=3"


def test_what_does_not_vary_is_not_named_but_the_seed_is():
    assert names({**CONFIG, "model.beta": 4}) == ["beta_vae_shapes2d-seed=0"]


def test_fields_of_one_last_part_are_named_in_full():
    (name, _) = names(
        {**CONFIG, "model.posterior.size": 5, "model.prior.size": 5},
        {**CONFIG, "model.posterior.size": 10, "model.prior.size": 10},
    )
    assert name == "beta_vae_shapes2d-model.posterior.size=5-model.prior.size=5-seed=0"


def test_class_of_a_part_is_named_by_the_part():
    grid = {"config": "decomposition_shapes2d", "model.prior.name": ["StudentT", "Laplace"]}
    assert names(grid) == [
        "decomposition_shapes2d-prior=StudentT-seed=0",
        "decomposition_shapes2d-prior=Laplace-seed=0",
    ]


def test_config_without_get_config_is_named(tmp_path):
    (tmp_path / "empty.py").touch()
    with pytest.raises(ValueError, match=r"empty.py has no get_config\(\)"):
        plan([{"config": str(tmp_path / "empty.py")}], "")


def test_config_may_be_a_file_and_a_value_a_path(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text("from trainers.configs import vae_images\nget_config = vae_images.get_config\n")
    grid = {"config": str(file), "data.path": ["photos/a", "photos/b"]}
    assert names(grid) == ["mine-path=photos_a-seed=0", "mine-path=photos_b-seed=0"]


@pytest.mark.parametrize(
    ("grid", "message"),
    [
        ({**CONFIG, "model.bta": 1}, r"has no field 'model.bta'; did you mean 'model.beta'\?"),
        ({**CONFIG, "model.beta": "x"}, r"model.beta cannot be 'x'"),
        ({**CONFIG, "steps": 1.5}, r"steps cannot be 1.5"),
        ({"config": "beta_vae"}, r"there is no config 'beta_vae'; did you mean 'beta_vae_sh"),
        ({"model.beta": 1}, r"the grid {'model.beta': 1} has no config; give its name or file"),
        ({"config": "none/mine.py"}, "there is no file none/mine.py"),
        ({**CONFIG, "seed": [0, 0]}, r"two runs of the sweep are named 'beta_vae_shapes2d-seed=0'"),
    ],
)
def test_mistakes_are_named(grid, message):
    with pytest.raises(ValueError, match=message):
        plan([grid], "runs/sweep")
