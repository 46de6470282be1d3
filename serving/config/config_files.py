"""Reads the stock server's configuration files, which are text protos."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TypeVar

from google.protobuf import message, text_format

Config = TypeVar("Config", bound=message.Message)


class ConfigError(Exception):
    """A configuration is wrong; the message names the file, the line and the field."""


def read(flag: str, path: str, config: Config) -> Config:
    """Reads a text proto.

    Args:
        flag: Name of the flag with the path, for error messages.
        path: Path of the file.
        config: Empty message, which is filled.

    Returns:
        `config`.

    Raises:
        ConfigError: The file cannot be read or parsed.
    """
    try:
        return parse(f"--{flag}={path}", Path(path).read_bytes(), config)
    except OSError as error:
        raise ConfigError(f"--{flag}={path} cannot be read: {error.strerror}") from error


def parse(name: str, text: bytes, config: Config) -> Config:
    """Parses a text proto into `config`; error messages call it `name`. See `read`."""
    try:
        text_format.Parse(text.decode(), config)
    except UnicodeDecodeError as error:
        raise ConfigError(f"{name} is not text in UTF-8: {error}") from error
    except text_format.ParseError as error:
        line, column = error.GetLine(), error.GetColumn()
        where = f", line {line}, column {column}" if line else ""
        reason = str(error).removeprefix(f"{line}:{column} : ").rstrip(".")
        raise ConfigError(f"{name}{where}: {reason}{_known_fields(reason, config)}") from error
    return config


def _known_fields(reason: str, config: message.Message) -> str:
    """Returns a list of the message's fields if the reason is an unknown field."""
    match = re.search(r'Message type "[^"]*\.(\w+)" has no field', reason)
    if match is None:
        return ""
    descriptor = config.DESCRIPTOR.file.message_types_by_name.get(match[1], config.DESCRIPTOR)
    return f"; it has {', '.join(field.name for field in descriptor.fields)}"
