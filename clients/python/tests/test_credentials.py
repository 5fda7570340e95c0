"""TLS, mutual TLS and tokens over real sockets, and where tokens do not go."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
import trustme

import wazir
from door import Door
from fake_server import FakeServer, offer
from wazir.credentials import is_local, read_credentials
from wazir.v1 import study_pb2
from wazir.v1.study_pb2_grpc import StudyServiceStub


class Pki:
    """An authority with its files in a folder of its own."""

    def __init__(self, folder: Path, name: str = "ca") -> None:
        self.folder = folder / name
        self.folder.mkdir()
        self.authority = trustme.CA()
        self.ca = str(self.folder / "ca.pem")
        self.authority.cert_pem.write_to_path(self.ca)

    def issue(self, *names: str) -> tuple[str, str]:
        """The files of a new certificate and its key."""
        leaf = self.authority.issue_cert(*names)
        cert, key = (str(self.folder / f"{names[0]}.{end}") for end in ("pem", "key"))
        leaf.private_key_pem.write_to_path(key)
        Path(cert).write_bytes(b"".join(each.bytes() for each in leaf.cert_chain_pems))
        return cert, key

    def server(self, *names: str, clients: Pki | None = None) -> grpc.ServerCredentials:
        """Credentials of a server; with `clients` it wants a certificate of that authority."""
        cert, key = self.issue(*(names or ("localhost", "127.0.0.1")))
        pair = (Path(key).read_bytes(), Path(cert).read_bytes())
        roots = Path(clients.ca).read_bytes() if clients else None
        return grpc.ssl_server_credentials([pair], roots, require_client_auth=clients is not None)


@pytest.fixture
def pki(tmp_path: Path) -> Pki:
    return Pki(tmp_path)


@pytest.fixture(autouse=True)
def nothing_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("WAZIR_"):
            monkeypatch.delenv(name)


def ask(address: str, **options: Any) -> None:
    """Makes one call. The fake server's answer does not matter, only that it is one."""
    with wazir.connect(address, retry_timeout=0, **options) as client:
        client.delete_study("s")


def replace(path: Path, text: str) -> None:
    """As secrets are replaced: another file under the same name."""
    new = path.with_suffix(".new")
    new.write_text(text)
    new.replace(path)


@pytest.fixture
def door() -> Door:
    return Door()


def serve(request: pytest.FixtureRequest, **options: Any) -> FakeServer:
    server = FakeServer(**options)
    request.addfinalizer(server.stop)
    return server


def test_tls_mutual_tls_and_a_token(request: pytest.FixtureRequest, pki: Pki, door: Door) -> None:
    server = serve(request, credentials=pki.server(clients=pki), door=door)
    cert, key = pki.issue("worker")
    tls = wazir.Tls(ca=pki.ca, cert=cert, key=Path(key))
    ask(server.address, tls=tls, token="secret-1")
    ask(f"localhost:{server.port}", tls=tls)
    assert door.tokens_shown() == ["Bearer secret-1", None]
    with pytest.raises(wazir.Unavailable):
        ask(server.address, tls=wazir.Tls(ca=pki.ca), token="secret-1")
    own = grpc.ssl_channel_credentials(*(Path(each).read_bytes() for each in (pki.ca, key, cert)))
    ask(server.address, credentials=own, token="secret-1")
    assert door.tokens_shown() == ["Bearer secret-1"]


def test_another_authority_or_name_gets_nothing(
    request: pytest.FixtureRequest, pki: Pki, door: Door, tmp_path: Path
) -> None:
    server = serve(request, credentials=pki.server("wazir.example.org"), door=door)
    other = Pki(tmp_path, "other")
    wrong = [True, wazir.Tls(ca=other.ca), wazir.Tls(ca=pki.ca), wazir.Tls(pki.ca, server_name="example.org")]
    for tls in wrong:
        with pytest.raises(wazir.Unavailable):
            ask(server.address, tls=tls, token="secret-1")
    assert door.tokens_shown() == []
    ask(server.address, tls=wazir.Tls(ca=pki.ca, server_name="wazir.example.org"), token="secret-1")
    assert door.tokens_shown() == ["Bearer secret-1"]


def test_plain_text_to_this_machine_alone_unless_told(request: pytest.FixtureRequest, door: Door) -> None:
    with tempfile.TemporaryDirectory(prefix="wazir-") as folder:
        for address in ("127.0.0.1:0", f"unix:{folder}/socket"):
            server = serve(request, address=address, door=door)
            ask(server.address, token="secret-1")
            assert door.tokens_shown() == ["Bearer secret-1"]
    remotes = ("10.0.0.1:1", "127.example.org:1", "localhost.example.org:1", "dns:///w:1", "[2001:db8::1]:1")
    for remote in remotes:
        assert not is_local(remote)
        with pytest.raises(ValueError, match="in plain text") as caught:
            wazir.connect(remote, token="secret-1")
        assert "secret" not in str(caught.value)
        wazir.connect(remote, token="secret-1", insecure=True).close()
        wazir.connect(remote, token="secret-1", tls=True).close()
        wazir.connect(remote, token="secret-1", credentials=grpc.ssl_channel_credentials()).close()
        wazir.connect(remote).close()
    for local in ("localhost:1", "127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "unix:/x", "unix:x"):
        assert is_local(local)


def test_told_to_it_sends_a_token_in_plain_text(request: pytest.FixtureRequest, door: Door) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # Sends nothing: only asks which address of this machine would be used.
            probe.connect(("192.0.2.1", 9))
            own = probe.getsockname()[0]
        except OSError:
            own = "0.0.0.0"  # Without a network: reaches this machine, and counts as none of its own.
    server = serve(request, address=f"{own}:0", door=door)
    ask(server.address, token="secret-1", insecure=True, channel_options=[("grpc.enable_http_proxy", 0)])
    assert door.tokens_shown() == ["Bearer secret-1"]


def test_what_is_not_given_comes_from_the_environment(
    request: pytest.FixtureRequest, pki: Pki, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(request, credentials=pki.server(clients=pki), door=door)
    cert, key = pki.issue("worker")
    file = pki.folder / "token"
    file.write_text("of-the-file\n")
    for name, value in {
        "WAZIR_TLS_CA": pki.ca,
        "WAZIR_TLS_CLIENT_CERT": cert,
        "WAZIR_TLS_CLIENT_KEY": key,
        "WAZIR_TLS_SERVER_NAME": "localhost",
        "WAZIR_TOKEN": "secret-1",
        # The server's own, which is not the client's.
        "WAZIR_TLS_CERT": "/nowhere",
        "WAZIR_INSECURE": "true",
    }.items():
        monkeypatch.setenv(name, value)
    ask(server.address)
    monkeypatch.setenv("WAZIR_TOKEN_FILE", str(file))
    ask(server.address)
    ask(server.address, token="given")
    assert door.tokens_shown() == ["Bearer secret-1", "Bearer of-the-file", "Bearer given"]
    with pytest.raises(ValueError, match="in plain text"):
        wazir.connect("10.0.0.1:1", tls=False)


def read(environment: dict[str, str], **options: Any) -> tuple[bool, str | None]:
    """Whether there is TLS, and the token."""
    found = read_credentials("wazir:1", insecure=True, environment=environment, **options)
    return found.pem is not None, found.token.current() if found.token else None


def test_the_environment_alone(pki: Pki) -> None:
    assert read({}) == (False, None)
    empty = {"WAZIR_TLS": "", "WAZIR_TLS_CA": "", "WAZIR_TOKEN": "", "WAZIR_TOKEN_FILE": ""}
    assert read(empty) == (False, None)
    assert read({"WAZIR_TLS": "1"}) == (True, None)
    assert read({"WAZIR_TLS": "false", "WAZIR_TOKEN": "x"}) == (False, "x")
    assert read({"WAZIR_TLS_CA": pki.ca}, tls=False) == (False, None)


def test_what_can_not_be_used_is_said_by_name(pki: Pki) -> None:
    cert, _ = pki.issue("one")
    _, other_key = pki.issue("two")
    broken = pki.folder / "broken"
    broken.write_text("-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n")
    with pytest.raises(FileNotFoundError, match="/nowhere/ca"):
        read({}, tls=wazir.Tls(ca="/nowhere/ca"))
    with pytest.raises(ValueError, match=f"TLS can not use {broken}"):
        read({}, tls=wazir.Tls(ca=broken))
    with pytest.raises(ValueError, match="KEY_VALUES_MISMATCH"):
        read({}, tls=wazir.Tls(cert=cert, key=other_key))
    with pytest.raises(ValueError, match="its key are given together"):
        read({"WAZIR_TLS_CLIENT_CERT": cert})
    with pytest.raises(ValueError, match="WAZIR_TLS: expected true or false"):
        read({"WAZIR_TLS": "yes"})
    with pytest.raises(ValueError, match="given together"):
        read({}, tls=True, credentials=grpc.ssl_channel_credentials())
    with pytest.raises(ValueError, match="given together"):
        read({}, token="x", token_file="y")
    with pytest.raises(FileNotFoundError, match="/nowhere/token"):
        read({"WAZIR_TOKEN_FILE": "/nowhere/token"})
    for text in ("", "\n", "secret one", "secret\none", "secr\u00e9t", "secret\0"):
        broken.write_text(text)
        with pytest.raises(ValueError, match="broken: expected one token") as caught:
            read({}, token_file=broken)
        assert "secr" not in str(caught.value)


@pytest.fixture
def guarded(request: pytest.FixtureRequest, door: Door) -> Iterator[tuple[FakeServer, Path]]:
    folder = Path(tempfile.mkdtemp(prefix="wazir-"))
    file = folder / "token"
    file.write_text("first")
    door.tokens.add("first")
    yield serve(request, door=door), file
    for each in folder.iterdir():
        each.unlink()
    folder.rmdir()


def test_a_refused_token_is_sent_again_only_where_there_is_another(
    guarded: tuple[FakeServer, Path], door: Door
) -> None:
    server, file = guarded
    with wazir.connect(server.address, token_file=file) as client:
        client.delete_study("s")
        # The next call finds the file changed.
        replace(file, "other")
        door.tokens.add("other")
        client.delete_study("s")
        file.rename(file.with_suffix(".away"))
        client.delete_study("s")
        assert door.tokens_shown() == ["Bearer first", "Bearer other", "Bearer other"]
        # Refused: the file has no other.
        door.tokens = {"third"}
        with pytest.raises(wazir.Unauthenticated, match="WAZIR_TOKEN_FILE"):
            client.delete_study("s")
        assert door.tokens_shown() == ["Bearer other"]
        # Refused while the file is being replaced: the call is made again, once.
        door.on_refusal = lambda: replace(file, "third")
        client.delete_study("s")
        assert door.tokens_shown() == ["Bearer other", "Bearer third"]
        door.tokens = {"fourth"}
        door.code = grpc.StatusCode.PERMISSION_DENIED
        with pytest.raises(wazir.PermissionDenied, match="access file"):
            client.delete_study("s")
        assert door.tokens_shown() == ["Bearer third"]


def test_reports_go_on_when_the_token_is_replaced(guarded: tuple[FakeServer, Path], door: Door) -> None:
    server, file = guarded
    server.offers.append(offer(1))
    with wazir.connect(server.address, token_file=file) as client:
        for trial in client.study("s").trials():
            trial.report(1, loss=1)
            door.tokens = {"second"}
            door.on_refusal = lambda: replace(file, "second")
            # The server ends the streams of a token that holds no more; then it refuses them.
            for stream in list(server._streams):
                stream.put(None)
            trial.report(2, loss=1)
            trial.report(3, loss=1)
    streams = [value for method, value in door.shown if method == "StreamMeasurements"]
    assert streams[:2] == ["Bearer first", "Bearer first"] and streams[-1] == "Bearer second"
    assert {step for _, step in server.reported()} == {1, 2, 3}


def test_reports_fail_when_the_token_is_only_refused(guarded: tuple[FakeServer, Path], door: Door) -> None:
    server, file = guarded
    server.offers.append(offer(1))
    with wazir.connect(server.address, token_file=file) as client:
        trials = client.study("s").trials()
        trial = next(trials)
        door.tokens = {"second"}
        for stream in list(server._streams):
            stream.put(None)
        with pytest.raises(wazir.Unauthenticated):
            trial.report(1, loss=1)
        door.tokens = {"first"}
        trials.close()


def test_the_channel_for_the_stubs_sends_it_too(guarded: tuple[FakeServer, Path], door: Door) -> None:
    server, file = guarded
    server.answers["ListStudies"].append(study_pb2.ListStudiesResponse())
    with wazir.connect(server.address, token_file=file) as client:
        StudyServiceStub(client.channel).ListStudies(study_pb2.ListStudiesRequest(parent="owners/default"))
    assert door.tokens_shown() == ["Bearer first"]
