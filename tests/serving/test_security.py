"""TLS, client certificates, tokens and plain text beyond loopback."""

import http.client
import ssl
import urllib.error
import urllib.parse
import urllib.request

import grpc
import pytest
import trustme
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tensorflow_serving.apis import get_model_status_pb2, model_service_pb2_grpc

from serving.config import bearer_tokens, tls
from serving.config.config_files import ConfigError
from tests import programs
from tests.serving.serving_helpers import Server, free_port


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture(scope="module")
def certificate(authority):
    return authority.issue_cert("127.0.0.1", "localhost")


def ssl_text(key, chain, authority=None):
    fields = {"server_key": key, "server_cert": chain[0]}
    if authority is not None:
        fields["custom_ca"] = authority.cert_pem
    lines = [f"{name}: {pem.bytes().decode()!r}" for name, pem in fields.items()]
    return "\n".join([*lines, "client_verify: true" if authority else ""])


@pytest.fixture(scope="module")
def server(exported, authority, certificate, tmp_path_factory):
    folder = tmp_path_factory.mktemp("secrets")
    text = ssl_text(certificate.private_key_pem, certificate.cert_chain_pems, authority)
    (folder / "ssl.txt").write_text(text)
    (folder / "tokens").write_text("# comment\nfirst\nsecond\n")
    running = Server(
        f"--model_base_path={exported.parent}",
        "--port=0",
        f"--rest_api_port={free_port()}",
        "--host=127.0.0.1",
        f"--ssl_config_file={folder}/ssl.txt",
        f"--bearer_token_file={folder}/tokens",
        "--enable_grpc_healthcheck_service",
    )
    yield running
    assert running.stop()[0] == 0


def channel(server, authority, client=None):
    pair = {}
    if client is not None:
        chain = b"".join(pem.bytes() for pem in client.cert_chain_pems)
        pair = {"private_key": client.private_key_pem.bytes(), "certificate_chain": chain}
    credentials = grpc.ssl_channel_credentials(authority.cert_pem.bytes(), **pair)
    return grpc.secure_channel(server.address, credentials)


def test_grpc(server, authority, certificate):
    request = get_model_status_pb2.GetModelStatusRequest(model_spec={"name": "m"})
    with channel(server, authority, certificate) as opened:
        status = model_service_pb2_grpc.ModelServiceStub(opened).GetModelStatus
        for token in ("first", "second"):
            metadata = [("authorization", f"Bearer {token}")]
            assert status(request, metadata=metadata, timeout=20).model_version_status
        for wrong in ([], [("authorization", "Bearer third")], [("authorization", "first")]):
            with pytest.raises(grpc.RpcError) as caught:
                status(request, metadata=wrong, timeout=20)
            assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED
        check = health_pb2_grpc.HealthStub(opened).Check(health_pb2.HealthCheckRequest())
        assert check.status == health_pb2.HealthCheckResponse.SERVING
    for client in (None, trustme.CA().issue_cert("somebody")):
        with channel(server, authority, client) as opened, pytest.raises(grpc.RpcError) as caught:
            model_service_pb2_grpc.ModelServiceStub(opened).GetModelStatus(request, timeout=2)
        assert caught.value.code() in (
            grpc.StatusCode.UNAVAILABLE,
            grpc.StatusCode.DEADLINE_EXCEEDED,
        )


def test_rest(server, authority, certificate):
    url = server.rest.replace("http:", "https:") + "/m"
    context = ssl.create_default_context()
    authority.configure_trust(context)
    with pytest.raises((urllib.error.URLError, ssl.SSLError, ConnectionError)):
        urllib.request.urlopen(url, context=context, timeout=20).read()
    certificate.configure_cert(context)
    request = urllib.request.Request(url, headers={"Authorization": "Bearer first"})
    with urllib.request.urlopen(request, context=context, timeout=20) as response:
        assert response.status == 200
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(url, context=context, timeout=20)
    assert caught.value.code == 401


def test_a_client_that_keeps_its_connection_does_not_keep_the_server(
    exported, authority, certificate, tmp_path
):
    text = ssl_text(certificate.private_key_pem, certificate.cert_chain_pems)
    (tmp_path / "ssl.txt").write_text(text)
    server = Server(
        f"--model_base_path={exported.parent}",
        "--port=0",
        f"--rest_api_port={free_port()}",
        f"--ssl_config_file={tmp_path}/ssl.txt",
    )
    context = ssl.create_default_context()
    authority.configure_trust(context)
    host = urllib.parse.urlsplit(server.rest).netloc
    kept = http.client.HTTPSConnection(host, context=context)
    kept.request("GET", "/v1/models/m")
    assert kept.getresponse().read()
    server.process.terminate()
    assert server.process.wait(timeout=25) == 0  # Requests in flight would have 30 s.
    kept.close()


def test_certificates_that_do_not_go_together(certificate, authority, tmp_path):
    other = authority.issue_cert("127.0.0.1")
    file = tmp_path / "ssl.txt"
    for text, message in (
        (ssl_text(other.private_key_pem, certificate.cert_chain_pems), "do not match"),
        (ssl_text(certificate.private_key_pem, [certificate.private_key_pem]), "do not match"),
        ('server_key: "server.key" server_cert: "x"', "server_key is not PEM text"),
        ("", "has no server_key"),
        ("server_kee: 1", 'line 1, column 1: .* has no field named "server_kee"; it has server_k'),
        (
            ssl_text(certificate.private_key_pem, certificate.cert_chain_pems)
            + "client_verify: true",
            "needs custom_ca",
        ),
    ):
        file.write_text(text)
        with pytest.raises(ConfigError, match=message):
            tls.read(str(file))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org"])
def test_plain_text_beyond_loopback_must_be_meant(host):
    with pytest.raises(ConfigError, match="--insecure"):
        tls.check_plain_text(host, None, insecure=False)
    tls.check_plain_text(host, None, insecure=True)
    for loopback in ("127.0.0.1", "::1", "localhost"):
        tls.check_plain_text(loopback, None, insecure=False)


def test_tokens(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read"):
        bearer_tokens.BearerTokens(str(tmp_path / "none"))
    (tmp_path / "empty").write_text("\n# nothing\n")
    with pytest.raises(ConfigError, match="has no token"):
        bearer_tokens.BearerTokens(str(tmp_path / "empty"))


def test_the_program_refuses_to_start(exported):
    flags = [f"--model_base_path={exported.parent}", "--host=0.0.0.0"]
    result = programs.run("serving.server", *flags)
    assert result.returncode == 1
    assert "would serve plain text to other machines" in result.stderr
