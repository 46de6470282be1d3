"""A client with certificates and a token, over gRPC and REST."""

import grpc
import pytest
import trustme

from serving.client import Client
from tests.serving.client_helpers import InLoop
from tests.serving.serving_helpers import Server, free_port
from tests.serving.test_security import ssl_text

BOTH = pytest.mark.parametrize("make", [Client, InLoop])
SCHEMES = pytest.mark.parametrize("scheme", ["grpc", "https"])


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture(scope="module")
def certificate(authority):
    return authority.issue_cert("127.0.0.1", "localhost")


@pytest.fixture(scope="module")
def server(exported, authority, certificate, tmp_path_factory):
    folder = tmp_path_factory.mktemp("secrets")
    text = ssl_text(certificate.private_key_pem, certificate.cert_chain_pems, authority)
    (folder / "ssl.txt").write_text(text)
    (folder / "tokens").write_text("first\n")
    running = Server(
        f"--model_base_path={exported.parent}",
        "--port=0",
        f"--rest_api_port={free_port()}",
        f"--ssl_config_file={folder}/ssl.txt",
        f"--bearer_token_file={folder}/tokens",
    )
    yield running
    assert running.stop()[0] == 0


@pytest.fixture
def ours(authority, certificate):
    return {
        "ssl_root_certificates": authority.cert_pem.bytes(),
        "ssl_client_certificate": certificate.cert_chain_pems[0].bytes(),
        "ssl_client_key": certificate.private_key_pem.bytes(),
        "bearer_token": "first",
    }


def address(server, scheme):
    if scheme == "grpc":
        return server.address
    return server.rest.replace("http:", "https:").removesuffix("/v1/models")


@BOTH
@SCHEMES
def test_certificates_and_tokens(server, ours, make, scheme, tmp_path):
    with make(address(server, scheme), model="m", **ours) as client:
        assert client.wait_ready(timeout=20) == 1
    for name in ("ssl_root_certificates", "ssl_client_certificate", "ssl_client_key"):
        (tmp_path / name).write_bytes(ours[name])
        ours[name] = tmp_path / name
    with make(address(server, scheme), model="m", **ours) as client:
        assert client.status() == {1: ("AVAILABLE", "")}


@SCHEMES
def test_a_wrong_token_or_certificate_is_refused(server, ours, scheme):
    for token in ("second", None):
        wrong = ours | {"bearer_token": token}
        with Client(address(server, scheme), model="m", **wrong) as client:
            for ask in (client.status, client.wait_ready):  # Waiting does not help.
                with pytest.raises(grpc.RpcError, match="no valid token") as caught:
                    ask()
                assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED
    other = ours | {"ssl_root_certificates": trustme.CA().cert_pem.bytes()}
    with (
        Client(address(server, scheme), model="m", retries=0, **other) as client,
        pytest.raises(grpc.RpcError) as caught,
    ):
        client.status()
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE


@BOTH
@pytest.mark.parametrize("host", ["example.org:1", "10.0.0.1:1", "http://example.org", "dns:h:1"])
def test_tokens_are_not_sent_in_plain_text(make, host):
    with pytest.raises(ValueError, match=r"in plain text, .*; use TLS .* or insecure=True"):
        make(host, model="m", bearer_token="secret")
    for meant in ({"insecure": True}, {} if "http" in host else {"ssl": True}):
        if meant:
            make(host, model="m", bearer_token="secret", **meant)


@pytest.mark.parametrize(
    "host", ["localhost:1", "127.0.0.2:1", "[::1]:1", "unix:/tmp/x", "https://example.org"]
)
def test_tokens_go_where_nobody_reads_them(host):
    with Client(host, model="m", bearer_token="secret") as client:
        assert "secret" not in repr(client)


def test_what_secures_is_checked(ours, certificate, authority):
    key = {"ssl_client_key": ours["ssl_client_key"]}
    with pytest.raises(ValueError, match="give both ssl_client_certificate and ssl_client_key"):
        Client("localhost:1", model="m", **key)
    with pytest.raises(ValueError, match="ssl_root_certificates: the bytes is not PEM text"):
        Client("localhost:1", model="m", ssl_root_certificates=b"x")
    with pytest.raises(FileNotFoundError):
        Client("localhost:1", model="m", ssl_root_certificates="none.pem")
    with pytest.raises(ValueError, match="is plain text; for TLS begin with https://"):
        Client("http://localhost:1", model="m", ssl=True)
    with pytest.raises(ValueError, match="do not match"):
        other = authority.issue_cert("x").private_key_pem.bytes()
        Client("https://localhost:1", model="m", **ours | {"ssl_client_key": other})
    for token in ("", "a\nb", "a ", "\u00e9"):
        with pytest.raises(ValueError, match="bearer_token must be printable ASCII"):
            Client("localhost:1", model="m", bearer_token=token)
