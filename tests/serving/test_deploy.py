"""The deployment files, as far as they can be checked without docker and a cluster."""

import json
import re
import urllib.request
from pathlib import Path

import pytest
import tensorflow as tf
import trustme
import yaml
from google.protobuf import text_format
from ovmsclient.tfs_compat.protos.tensorflow_serving.config import monitoring_config_pb2
from tensorflow_serving.config import model_server_config_pb2

from serving import server_flags
from serving.config import config_pb2
from serving.deploy import exported_model, files
from serving.deploy.exported_model import DeployError, ExportedModel
from tests import programs
from tests.serving.serving_helpers import ROOT, Server, free_port
from tests.serving.test_security import ssl_text

MODEL = ExportedModel("beta_vae", Path("/srv/models/beta_vae"), [1, 2], 128, 5 * 2**20)
IMAGE = "tensorflow/serving:2.21.0"
METRIC = re.compile(r":[a-z_]+:[a-z_:]+")


def example():
    return files.render(MODEL, {"stable": 1, "canary": 2}, IMAGE, 2)


def shipped():
    """The files in deploy/serving, for the model in the repository."""
    model = exported_model.read(ROOT / "saved_models/factor_vae")
    relative = model._replace(base_path=Path("../../saved_models/factor_vae"))
    return files.render(relative, {"stable": 1}, IMAGE, 2)


def save(path, bias=0.0, shape=(4, 4, 1), batch=None):
    """Saves a model that encodes zeros to its bias."""
    module = tf.Module()
    module.bias = tf.Variable(bias)

    @tf.function(input_signature=[tf.TensorSpec([batch, *shape], tf.float32, "image")])
    def encode(image):
        mean = tf.reduce_mean(image, [1, 2]) + module.bias
        return {"mean": mean, "stddev": tf.ones_like(mean)}

    tf.saved_model.save(module, str(path), signatures=encode)
    return path


def documents(name):
    return list(yaml.safe_load_all(example()[name]))


def run(module, *flags):
    done = programs.run(module, *flags)
    return done.returncode, done.stdout, done.stderr


def test_the_files_in_the_repository_are_what_the_templates_give():
    folder = ROOT / "deploy/serving"
    files = {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in folder.rglob("*")
        if path.is_file()
    }
    assert files == shipped()


def test_compose_runs_the_server_with_flags_and_paths_that_it_has():
    (compose,) = documents("compose.yaml")
    server = compose["services"]["serving"]
    assert set(compose["services"]) == {"serving", "prometheus", "grafana"}
    known = {flag.name for flag in vars(server_flags).values() if hasattr(flag, "name")}
    given = dict(flag.removeprefix("--").split("=") for flag in server["command"])
    assert set(given) <= known - set(server_flags.EMBEDDED_ONLY)
    mounts = [volume.split(":") for volume in server["volumes"]]
    assert ["/srv/models/beta_vae", "/models/beta_vae", "ro"] in mounts
    for flag in ("model_config_file", "batching_parameters_file", "monitoring_config_file"):
        assert f"config/{Path(given[flag]).name}" in example()
        assert given[flag].startswith("/config/")
    for service in compose["services"].values():
        assert re.fullmatch(r"[\w/]+:v?\d+\.\d+\.\d+", service["image"])
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
        for volume in service["volumes"]:
            source = volume.split(":")[0].removeprefix("./")
            assert source in ("config", "prometheus", str(MODEL.base_path)) or source in example()
    assert set(compose["volumes"]) == {"prometheus"}
    assert server["deploy"]["resources"]["limits"] == {"cpus": "2", "memory": "532M"}


def test_kubernetes_objects_belong_together():
    objects = {document["kind"]: document for document in documents("kubernetes.yaml")}
    assert {kind: document["apiVersion"] for kind, document in objects.items()} == {
        "ConfigMap": "v1",
        "Deployment": "apps/v1",
        "Service": "v1",
        "HorizontalPodAutoscaler": "autoscaling/v2",
        "PodDisruptionBudget": "policy/v1",
    }
    for document in objects.values():  # a DNS label, which the model's own name is not
        assert re.fullmatch("beta-vae(-config)?", document["metadata"]["name"])
    spec = objects["Deployment"]["spec"]
    labels = spec["template"]["metadata"]["labels"]
    assert spec["selector"]["matchLabels"] == labels
    assert objects["Service"]["spec"]["selector"] == labels
    assert objects["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"] == labels
    pod = spec["template"]["spec"]
    (container,) = pod["containers"]
    (compose,) = documents("compose.yaml")
    assert container["args"] == compose["services"]["serving"]["command"]
    assert container["image"] == compose["services"]["serving"]["image"]
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert ports == {"grpc": 8500, "rest": 8501}
    assert {p["targetPort"] for p in objects["Service"]["spec"]["ports"]} == set(ports)
    assert {"startupProbe", "readinessProbe", "livenessProbe"} <= set(container)
    assert container["readinessProbe"]["httpGet"]["path"] == "/v1/models/beta_vae/metadata"
    assert container["resources"]["requests"]["memory"] == "532Mi"
    assert {mount["name"] for mount in container["volumeMounts"]} == {
        volume["name"] for volume in pod["volumes"]
    }
    config_map = objects["ConfigMap"]
    assert config_map["metadata"]["name"] == pod["volumes"][1]["configMap"]["name"]
    for name, text in config_map["data"].items():
        assert text.rstrip() == example()[f"config/{name}"].rstrip()
    scaler = objects["HorizontalPodAutoscaler"]["spec"]
    target = scaler["scaleTargetRef"]
    assert (target["kind"], target["name"]) == ("Deployment", "beta-vae")
    assert 1 <= scaler["minReplicas"] < scaler["maxReplicas"]
    (adapter,) = documents("prometheus_adapter.yaml")
    queued, waiting = adapter["rules"]["custom"]
    assert scaler["metrics"][0]["pods"]["metric"]["name"] == queued["name"]["as"]
    for rule in (queued, waiting):
        (metric,) = METRIC.findall(rule["seriesQuery"])
        assert metric.removesuffix("_sum") in documented_metrics()


def documented_metrics():
    lines = re.findall(r"^\| `([:a-z_]+)(?:{.*})?`.* \| (.*) \| `", example()["README.md"], re.M)
    return {name: servers.split(", ") for name, servers in lines}


def board_metrics():
    board = json.loads(example()["grafana/board.json"])
    queries = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    assert len(queries) > 6
    return {
        re.sub("_(bucket|sum|count)$", "", name) if "latency" in name else name
        for query in queries
        for name in METRIC.findall(query)
    }


def test_the_board_shows_what_the_servers_have_and_the_list_says():
    assert board_metrics() == set(documented_metrics())
    (datasource,) = documents("grafana/datasource.yaml")
    board = json.loads(example()["grafana/board.json"])
    assert {panel["datasource"]["uid"] for panel in board["panels"]} == {
        datasource["datasources"][0]["uid"]
    }
    (prometheus,) = documents("prometheus/prometheus.yaml")
    (job,) = prometheus["scrape_configs"]
    monitoring = text_format.Parse(
        example()["config/monitoring.config"], monitoring_config_pb2.MonitoringConfig()
    )
    assert monitoring.prometheus_config.enable
    assert job["metrics_path"] == monitoring.prometheus_config.path
    assert job["static_configs"] == [{"targets": ["serving:8501"]}]


def test_configuration_files_are_tensorflow_servings():
    config = model_server_config_pb2.ModelServerConfig()
    text_format.Parse(example()["config/models.config"], config)
    (model,) = config.model_config_list.config
    assert (model.name, model.base_path) == ("beta_vae", "/models/beta_vae")
    assert model.model_platform == "tensorflow"
    assert dict(model.version_labels) == {"stable": 1, "canary": 2}
    assert list(model.model_version_policy.specific.versions) == [1, 2]
    batching = text_format.Parse(
        example()["config/batching.config"], config_pb2.BatchingParameters()
    )
    assert list(batching.allowed_batch_sizes) == [1, 2, 4, 8, 16, 32, 64, 128]
    assert batching.max_batch_size.value == 128
    assert batching.max_enqueued_batches.value == 4096 // 128


def test_a_model_that_cannot_be_batched_is_not():
    made = files.render(MODEL._replace(max_batch_size=0), {"stable": 1}, "i:1", 2)
    assert "batching_parameters_file" not in made["compose.yaml"] + made["kubernetes.yaml"]
    assert "enable_batching" not in made["compose.yaml"] + made["kubernetes.yaml"]


@pytest.mark.parametrize(
    ("shape", "batch", "rows"),
    [((4, 4, 1), None, 128), ((80, 80, 10), None, 32), ((2, 2, 1), 3, 0)],
)
def test_batches_are_as_large_as_their_largest_tensor_lets_them(shape, batch, rows, tmp_path):
    save(tmp_path / "1", 0.0, shape, batch)
    read = exported_model.read(tmp_path, "m")
    assert (read.versions, read.max_batch_size) == ([1], rows)
    assert read.size == sum(f.stat().st_size for f in tmp_path.rglob("*") if f.is_file())


@pytest.mark.parametrize(
    ("path", "name", "message"),
    [
        ("nothing", "", "nothing has no version; export a model there"),
        (".", "", "is a version; give its parent"),
        ("..", "a b", "--model_name is 'a b'; give at most 50 letters"),
    ],
)
def test_what_is_no_export_is_refused(path, name, message, exported):
    with pytest.raises(DeployError, match=message):
        exported_model.read(exported / path, name)


@pytest.fixture(scope="module")
def deployed(tmp_path_factory):
    """A base path of two versions and a broken one, and its deployment files."""
    base = tmp_path_factory.mktemp("models") / "m"
    for version, bias in ((1, 0.0), (2, 5.0), (3, 9.0)):
        save(base / str(version), bias)
    (base / "3/variables/variables.index").write_bytes(b"broken")
    output = base.parent / "deployed"
    flags = [f"--export={base}", f"--output={output}"]
    code, printed, errors = run("serving.deploy", *flags, "--stable=1")
    assert (code, errors) == (0, "")
    assert printed == f"{output}: 11 files for model m: stable is version 1; see README.md there\n"
    code, _, errors = run("serving.deploy", *flags)
    assert code == 1
    assert re.search(r"--output=.* already has .*; give another, or --overwrite", errors)
    return base, output


def mean(server):
    """Returns the bias of the version labelled stable: the mean for an image of zeros."""
    request = urllib.request.Request(
        f"{server.rest}/m/labels/stable:predict",
        json.dumps({"instances": [[[[0.0]] * 4] * 4]}).encode(),
    )
    with urllib.request.urlopen(request) as response:
        return json.load(response)["predictions"][0]["mean"][0]


@pytest.mark.slow
def test_the_embedded_server_takes_the_files_and_labels_move(deployed):
    base, output = deployed
    (compose,) = yaml.safe_load_all((output / "compose.yaml").read_text())
    config = output / "config/models.config"
    config.write_text(config.read_text().replace("/models/m", str(base)))  # as mounted
    command = compose["services"]["serving"]["command"]
    assert "--enable_batching=true" in command
    flags = [flag.replace("/config", f"{output}/config") for flag in command]
    server = Server(*flags, "--port=0", f"--rest_api_port={free_port()}")
    switch = ["serving.deploy.switch", f"--models_config={config}", f"--server={server.address}"]
    try:
        assert mean(server) == 0.0
        code, printed, errors = run(*switch, "--label=stable", "--version=2")
        assert (code, errors) == (0, "")
        assert printed == f"m: stable is version 2; wrote {config}\n"
        assert mean(server) == 5.0
        written = config.read_text()
        for version, message in ((3, "version 3 of m does not load: "), (7, "is not in the base")):
            code, _, errors = run(*switch, "--label=stable", f"--version={version}")
            assert code == 1
            assert message in errors
        assert mean(server) == 5.0
        assert config.read_text() == written
        config_now = text_format.Parse(written, model_server_config_pb2.ModelServerConfig())
        (model,) = config_now.model_config_list.config
        assert dict(model.version_labels) == {"stable": 2}
        assert list(model.model_version_policy.specific.versions) == [2]
        url = server.rest.replace("/v1/models", "/monitoring/prometheus/metrics")
        page = urllib.request.urlopen(url).read().decode()
        ours = {name for name, servers in documented_metrics().items() if "embedded" in servers}
        assert len(ours) == 3
        for name in ours:
            assert re.search(rf"^{name}(_bucket)?{{", page, re.M), name
    finally:
        assert server.stop()[0] == 0


def test_labels_move_over_tls_with_a_token(deployed, tmp_path):
    base, _ = deployed
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost", "127.0.0.1")
    files_of = {
        "roots": authority.cert_pem.bytes(),
        "ssl": ssl_text(certificate.private_key_pem, certificate.cert_chain_pems).encode(),
        "token": b"secret\n",
        "models.config": f"""model_config_list {{ config {{
            name: "m" base_path: "{base}" model_platform: "tensorflow"
            model_version_policy {{ specific {{ versions: 1 }} }}
            version_labels {{ key: "stable" value: 1 }} }} }}""".encode(),
    }
    for name, content in files_of.items():
        (tmp_path / name).write_bytes(content)
    server = Server(
        f"--model_config_file={tmp_path}/models.config",
        "--port=0",
        f"--ssl_config_file={tmp_path}/ssl",
        f"--bearer_token_file={tmp_path}/token",
    )
    switch = [
        "serving.deploy.switch",
        f"--models_config={tmp_path}/models.config",
        f"--server={server.address}",
        "--version=2",
        f"--ssl_root_certificates={tmp_path}/roots",
    ]
    try:
        code, _, errors = run(*switch)
        assert code == 1
        assert "UNAUTHENTICATED" in errors
        code, printed, errors = run(*switch, f"--bearer_token_file={tmp_path}/token")
        assert (code, errors) == (0, "")
        assert "stable is version 2" in printed
        code, _, errors = run(*switch, f"--bearer_token_file={tmp_path}/none")
        assert code == 1
        assert f"{tmp_path}/none" in errors
    finally:
        assert server.stop()[0] == 0
