"""Calls a served model from the command line.

examples:
  tfvae-client encode photo.png --model=factor_vae
  tfvae-client encode images.npy --output=codes.npz
  tfvae-client decode codes.npz --output=decoded.png
  tfvae-client sample --n=4 --seed=0 --output=sample.png
  tfvae-client status --address=https://host:8501 --bearer_token_file=token
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

import grpc
import numpy as np

from . import arguments, files, security
from .client import Client
from .inspection import describe

_PROGRAM = "tfvae-client"
_JSON = (".json",)
_ARRAYS = (*_JSON, ".npz")
_PICTURES = (*_ARRAYS, ".png")
_SERVER_FLAGS = (
    *("address", "model", "version", "version_label", "timeout", "retries", "insecure"),
    *("ssl", "ssl_root_certificates", "ssl_client_certificate", "ssl_client_key"),
)


class _Parser(argparse.ArgumentParser):
    """Reports errors in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{_PROGRAM}: {message}; see --help\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command; returns the exit code."""
    try:
        flags = _parser().parse_args(argv)
        given = {name: getattr(flags, name) for name in _SERVER_FLAGS}
        files.check_output(flags.output, flags.kinds)
        path = flags.bearer_token_file
        token = None if path is None else security.read_token(path)
        with Client(**given, bearer_token=token) as client:
            return flags.run(client, flags)
    except BrokenPipeError:  # The reader closed the pipe.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except grpc.RpcError as error:
        problem = f"{flags.address}: {describe(error)}"
    except (ValueError, OSError) as error:
        problem = str(error)
    print(f"{_PROGRAM}: {problem}", file=sys.stderr)
    return 1


def run() -> NoReturn:
    """Runs the program; `__main__` handles Ctrl-C."""
    sys.exit(main())


def _encode(client: Client, flags: argparse.Namespace) -> int:
    return _write(_encoded(client, files.read(flags.files)), flags)


def _decode(client: Client, flags: argparse.Namespace) -> int:
    latents = files.latents(files.read_arrays(flags.file), flags.file)
    return _write(_decoded(client, latents, _wants_pictures(flags)), flags)


def _sample(client: Client, flags: argparse.Namespace) -> int:
    signatures = client.metadata()
    if _wants_pictures(flags) and "sample_png" in signatures:
        rows = arguments.seed_rows(flags.seed, arguments.count("--n", flags.n))
        return _write(client.predict("sample_png", {"seed": rows}), flags)
    latent, images = client.sample(flags.n, flags.seed)
    return _write({"latent": latent, **_named(images, signatures["sample"])}, flags)


def _reconstruct(client: Client, flags: argparse.Namespace) -> int:
    given = files.read(flags.files)
    if given.pictures is None and not _wants_pictures(flags):
        signature = client.metadata().get("reconstruct", {})
        return _write(_named(client.reconstruct(given.arrays), signature), flags)
    encoded = _encoded(client, given)
    if "mean" not in encoded:
        raise ValueError("the model's posterior has no mean; give a .npy and --output=x.npz")
    return _write(_decoded(client, encoded["mean"], _wants_pictures(flags)), flags)


def _status(client: Client, flags: argparse.Namespace) -> int:
    versions = client.status()
    _write({n: {"state": s, "error": error} for n, (s, error) in versions.items()}, flags)
    return 0 if any(state == "AVAILABLE" for state, _ in versions.values()) else 1


def _metadata(client: Client, flags: argparse.Namespace) -> int:
    return _write(client.metadata(), flags)


def _encoded(client: Client, given: files.Given) -> dict[str, np.ndarray]:
    images = given.arrays
    if given.pictures is not None:
        images = {_picture_input(client): given.pictures}
    encoded = client.encode(images)
    if isinstance(encoded, tuple):
        return dict(zip(("mean", "stddev"), encoded, strict=True))
    return {"probabilities": encoded}


def _picture_input(client: Client) -> str:
    """Returns the input name of the signature that takes only PNGs, such as image_bytes."""
    found = {
        name
        for signature, one in client.metadata().items()
        for name in one["inputs"]
        if signature.startswith("encode_") and name.endswith("_bytes") and len(one["inputs"]) == 1
    }
    if len(found) != 1:
        raise ValueError(
            f"model {client.model!r} has {'several signatures' if found else 'no signature'} such "
            "as encode_png that takes only pictures; give its inputs as a .npy, .npz or .json file"
        )
    return found.pop()


def _decoded(client: Client, latents: Any, pictures: bool) -> dict[str, np.ndarray]:
    signatures = client.metadata()
    if pictures and "decode_png" in signatures:
        return client.predict("decode_png", {"latent": np.asarray(latents, np.float32)})
    return _named(client.decode(latents), signatures["decode"])


def _named(answer: Any, signature: dict[str, Any]) -> dict[str, np.ndarray]:
    """Returns the arrays by the names of the signature's outputs."""
    if isinstance(answer, dict):
        return answer
    (name,) = set(signature["outputs"]) - {"latent"}
    return {name: answer}


def _wants_pictures(flags: argparse.Namespace) -> bool:
    return flags.output is not None and flags.output.lower().endswith(".png")


def _write(outputs: Any, flags: argparse.Namespace) -> int:
    for path in files.write(outputs, flags.output):
        print(f"wrote {path}", flush=True)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog=_PROGRAM,
        description=(__doc__ or "").partition("\n")[0],
        epilog=(__doc__ or "").partition("\n\n")[2],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Any, kinds: Sequence[str], text: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, description=text, allow_abbrev=False)
        added.set_defaults(run=run, kinds=kinds)
        _add_server_flags(added)
        added.add_argument(
            "--output", metavar="FILE", help=f"{', '.join(kinds)}; default: print JSON"
        )
        return added

    pictures = "pictures, or one .npy, .npz or .json file of the model's inputs"
    encode = command(
        "encode",
        _encode,
        _ARRAYS,
        "Encodes pictures or arrays.",
    )
    encode.add_argument("files", nargs="+", help=pictures)
    decode = command("decode", _decode, _PICTURES, "Decodes latents to images.")
    decode.add_argument("file", help=".npy, .npz or .json file, as written by encode or sample")
    sample = command("sample", _sample, _PICTURES, "Draws latents and decodes them.")
    sample.add_argument("--n", type=int, default=1, help="number of samples; default 1")
    sample.add_argument("--seed", type=int, default=0, help="default 0")
    reconstruct = command("reconstruct", _reconstruct, _PICTURES, "Encodes, then decodes.")
    reconstruct.add_argument("files", nargs="+", help=pictures)
    command("status", _status, _JSON, "Lists the versions; exits with 1 if none is available.")
    command("metadata", _metadata, _JSON, "Lists the signatures.")
    return parser


def _add_server_flags(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "--address",
        default="localhost:8500",
        help="host:port for gRPC, or REST's URL; default: %(default)s",
    )
    add("--model", default="default", help="name of the model on the server; default: %(default)s")
    add("--version", type=int, help="version of the model; default: the latest")
    add("--version_label", help="label of a version, instead of --version")
    add(
        "--timeout",
        type=float,
        default=60.0,
        help="seconds allowed per request; default: %(default)g",
    )
    add(
        "--retries",
        type=int,
        default=4,
        help="retries if the server is busy or down; default: %(default)s",
    )
    add("--bearer_token_file", metavar="FILE", help="file with the token to send in its first line")
    add("--ssl", action="store_true", help="use TLS for gRPC; implied by any --ssl_ flag")
    for name, text in (
        (
            "root_certificates",
            "authorities of the server's certificate, in PEM; default: public",
        ),
        ("client_certificate", "certificate of the client, in PEM"),
        ("client_key", "key of the client's certificate, in PEM"),
    ):
        add(f"--ssl_{name}", metavar="FILE", help=text)
    add("--insecure", action="store_true", help="send the token in plain text")
