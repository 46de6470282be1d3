import pytest
from google.protobuf import text_format
from tensorflow_serving.config import model_server_config_pb2

from serving.config import config_files, config_pb2

MODELS = """
model_config_list: {
  config: {
    name: "m", base_path: "/models/m", model_platform: "tensorflow",
    model_version_policy: {specific: {versions: 2, versions: 3}}
    version_labels: {key: "stable" value: 2}
  },
}"""


def test_numbers_and_names_are_the_stock_servers():
    ours = config_files.parse("f", MODELS.encode(), config_pb2.ModelServerConfig())
    theirs = text_format.Parse(MODELS, model_server_config_pb2.ModelServerConfig())
    assert ours.SerializeToString() == theirs.SerializeToString()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            b'\nmodel_config_list {\n  config {\n    base_pth: "/x"',
            'f, line 4, column 5: Message type "tfvae_serving.ModelConfig" has no field named '
            '"base_pth"; it has name, base_path, model_type, model_platform, model_version_policy, '
            "version_labels",
        ),
        (b"\nmodel_config_list {\n config { name: 3 }", r"f, line 3, column .*Expected string"),
        (b"model_config_list {", 'Expected "}"'),
        (b"\xff", "f is not text in UTF-8"),
    ],
)
def test_a_mistake_is_reported_with_line_and_field(text, message):
    with pytest.raises(config_files.ConfigError, match=message):
        config_files.parse("f", text, config_pb2.ModelServerConfig())


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(config_files.ConfigError, match=r"--flag=.*/x cannot be read: No such file"):
        config_files.read("flag", str(tmp_path / "x"), config_pb2.MonitoringConfig())
