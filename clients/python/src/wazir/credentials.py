"""How a server is known, and who calls it."""

from __future__ import annotations

import ipaddress
import os
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Union

import grpc

from .token import FileToken, FixedToken, Token

FilePath = Union[str, "os.PathLike[str]"]


@dataclass(frozen=True)
class Tls:
    """TLS by PEM files, which are read by :func:`wazir.connect`."""

    #: The server's authorities; those that come with grpcio where it is None.
    ca: FilePath | None = None
    #: The client's own certificate chain, for mutual TLS, with its `key`.
    cert: FilePath | None = None
    key: FilePath | None = None
    #: The name that the server's certificate must have, where that is not the address's.
    server_name: str | None = None


@dataclass(frozen=True)
class Credentials:
    """What a channel is opened with. Makes no object of grpcio before it is needed."""

    given: grpc.ChannelCredentials | None = None
    #: Contents of PEM files: authorities, key, certificates; None for plain text.
    pem: tuple[bytes | None, bytes | None, bytes | None] | None = None
    server_name: str | None = None
    token: Token | None = None

    def channel_credentials(self) -> grpc.ChannelCredentials | None:
        """For a secure channel; None for plain text."""
        if self.pem is None:
            return self.given
        return grpc.ssl_channel_credentials(*self.pem)


def read_credentials(
    address: str,
    *,
    token: str | None = None,
    token_file: FilePath | None = None,
    tls: bool | Tls | None = None,
    insecure: bool = False,
    credentials: grpc.ChannelCredentials | None = None,
    environment: Mapping[str, str] = os.environ,
) -> Credentials:
    """Reads what is given, and the environment where it is not.

    Raises OSError where a file can not be read and ValueError where it can not be
    used, where too much is given, and where a token would go to another machine in
    plain text.
    """
    if credentials is not None and tls is not None:
        raise ValueError("credentials and tls are not given together")
    if token is not None and token_file is not None:
        raise ValueError("token and token_file are not given together")
    settings = None if credentials is not None else _tls(tls, environment)
    found = _token(token, token_file, environment)
    plain = credentials is None and settings is None
    if found is not None and plain and not insecure and not is_local(address):
        raise ValueError(
            f"a token would go to {address} in plain text: use TLS with tls= or WAZIR_TLS_CA;"
            " insecure=True sends it all the same"
        )
    if settings is None:
        return Credentials(given=credentials, token=found)
    return Credentials(pem=_pem(settings), server_name=settings.server_name, token=found)


def is_local(address: str) -> bool:
    """Whether an address is of this machine. Only what is known to be: `127.example.org` is another."""
    if re.match(r"unix(-abstract)?:", address):
        return True
    match = re.fullmatch(r"(?:\[([0-9a-fA-F:.]+)\]|([^\s:/\[\]]+))(?::\d+)?", address)
    if match is None:
        return False
    host = match[1] or match[2]
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _token(given: str | None, file: FilePath | None, environment: Mapping[str, str]) -> Token | None:
    if given is not None:
        return FixedToken(given, "token")
    # An empty variable is one that a template left empty.
    path = file or environment.get("WAZIR_TOKEN_FILE")
    if path:
        return FileToken(path)
    value = environment.get("WAZIR_TOKEN")
    return FixedToken(value, "WAZIR_TOKEN") if value else None


def _tls(given: bool | Tls | None, environment: Mapping[str, str]) -> Tls | None:
    if given is not None:
        return (Tls() if given else None) if isinstance(given, bool) else given
    switch = environment.get("WAZIR_TLS", "")
    if switch not in ("", "true", "1", "false", "0"):
        raise ValueError("WAZIR_TLS: expected true or false")
    tls = Tls(
        ca=environment.get("WAZIR_TLS_CA") or None,
        cert=environment.get("WAZIR_TLS_CLIENT_CERT") or None,
        key=environment.get("WAZIR_TLS_CLIENT_KEY") or None,
        server_name=environment.get("WAZIR_TLS_SERVER_NAME") or None,
    )
    return tls if tls != Tls() or switch in ("true", "1") else None


def _pem(tls: Tls) -> tuple[bytes | None, bytes | None, bytes | None]:
    if (tls.cert is None) != (tls.key is None):
        raise ValueError("the certificate for TLS and its key are given together")
    paths = (tls.ca, tls.key, tls.cert)
    ca, key, cert = (None if path is None else Path(path).read_bytes() for path in paths)
    # grpcio says of files that it can not use only that nobody answers.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        if tls.ca is not None:
            context.load_verify_locations(tls.ca)
        if tls.cert is not None:
            context.load_cert_chain(tls.cert, tls.key, password=lambda: "")
    except ssl.SSLError as error:
        files = ", ".join(os.fspath(path) for path in paths if path is not None)
        raise ValueError(f"TLS can not use {files}: {error.reason or error}") from error
    return ca, key, cert
