"""What the prompt says to a mistake. A program takes seconds to start: its mistakes share one."""

import json
import subprocess
import sys

import pytest

CONFIG = "--config=trainers/configs/beta_vae_shapes2d.py"
# Flags keep their values from one mistake to the next.
MISTAKES = {
    "train": [
        (
            [CONFIG, "--config.model.bta=2"],
            "error: --config has no field 'bta'; Did you mean \"beta\"",
        ),
        ([CONFIG, "--config.data.xyzzy=2"], "error: --config has no field 'xyzzy'; a flag changes"),
        (
            [CONFIG, "--config.model.name=BetaVEA"],
            "error: config.model.name is 'BetaVEA'; did you mean 'BetaVAE'?",
        ),
        ([CONFIG, "--batchsize=3"], "Unknown command line flag 'batchsize'"),
        (["--config=nothing.py"], "nothing.py"),
        ([CONFIG, "workdir"], "unexpected argument 'workdir'"),
    ],
    "evaluate": [
        ([], "error: workdir nowhere holds no config.json; train into it first"),
        (["--num_samples=-1"], "error: --num_samples is -1; it must be 0 or more"),
        (
            ["--num_samples=0", "--metrics=log_likelihood"],
            "error: --num_samples is 0; it must be at least 1 for --metrics=log_likelihood",
        ),
        (["--votes=-5"], "error: --votes is -5; it must be at least 1"),
        (
            ["--votes=10", "--ais_chains=0"],
            "error: --ais_chains is 0; it must be at least 1",
        ),
        (["--metrics=factor_vea"], "error: --metrics has 'factor_vea'; did you mean 'factor_vae'?"),
    ],
    "plot": [
        (
            ["--figures=samples,traversal"],
            "error: --figures has 'traversal'; did you mean 'traversals'?",
        ),
    ],
    "sweep": [
        ([], "error: give either --sweep=FILE, or --config=CONFIG and --grid=FIELD=VALUE,VALUE"),
        (
            ["--config=beta_vae_shapes2d", "--grid=seed=0", "--figures=curves"],
            "error: --figures has 'curves', which need a number of more than one value",
        ),
        (["--figures=trade"], "error: --figures has 'trade'; did you mean 'tradeoff'?"),
        (
            ["--figures=", "--metrics=factor_vea"],
            "error: --metrics has 'factor_vea'; did you mean 'factor_vae'?",
        ),
        (
            ["--config=vae_mnist", "--metrics=factor_vae"],
            "error: --metrics has factor_vae, which needs data with known factors; MNIST has none",
        ),
        (["--processes=0"], "error: --processes is 0; it must be at least 1"),
        # Flags that may be given several times add up: nothing after these is right.
        (
            ["--config=beta_vae_shapes2d", "--grid=model.bta=1"],
            "has no field 'model.bta'; did you mean 'model.beta'?",
        ),
        (
            ["--grid=model.beta"],
            "error: --grid is 'model.beta'; it must be FIELD=VALUE or FIELD=VALUE,VALUE",
        ),
    ],
}
PROGRAM = """
import importlib, json, sys
import trainers.program
trainers.program.leave = sys.exit  # which else ends the process at once
program = importlib.import_module("trainers." + sys.argv[1])
for arguments in json.loads(sys.argv[2]):
    sys.argv = [program.__name__, "--workdir=nowhere", *arguments]
    try:
        program.cli()
    except SystemExit as error:
        print(f"exit {error.code}", file=sys.stderr)
    print("=====", file=sys.stderr)
"""


@pytest.mark.parametrize("program", MISTAKES)
def test_mistakes_are_answered_by_name_and_exit_1(program, pytestconfig):
    arguments = json.dumps([arguments for arguments, _ in MISTAKES[program]])
    command = [sys.executable, "-c", PROGRAM, program, arguments]
    done = subprocess.run(
        command, cwd=pytestconfig.rootpath, capture_output=True, text=True, check=True
    )
    *answers, _ = done.stderr.split("=====\n")
    for (_, message), answer in zip(MISTAKES[program], answers, strict=True):
        assert message in answer
        assert answer.endswith("exit 1\n")
        assert "Traceback" not in answer
    assert not (pytestconfig.rootpath / "nowhere").exists()
