"""A job against the server itself, over mutual TLS and with a token that is replaced meanwhile."""

from __future__ import annotations

import hashlib
import json
import time
from pathlib import Path

import pytest
import trustme

import wazir
from real_server import RealServer


def write_access(path: Path, token: str) -> None:
    """An access file that knows one token; JSON is YAML."""
    digest = hashlib.sha256(token.encode()).hexdigest()
    worker = {"name": "worker", "role": "work", "owners": ["team-a"], "token_sha256": digest}
    new = path.with_suffix(".new")
    new.write_text(json.dumps({"principals": [worker]}))
    new.chmod(0o600)
    new.replace(path)


def test_a_job_goes_on_while_its_token_is_replaced(tmp_path: Path) -> None:
    authority = trustme.CA()
    files = {name: str(tmp_path / name) for name in ("ca", "cert", "key")}
    authority.cert_pem.write_to_path(files["ca"])
    leaf = authority.issue_cert("localhost", "127.0.0.1")
    leaf.cert_chain_pems[0].write_to_path(files["cert"])
    leaf.private_key_pem.write_to_path(files["key"])
    access, token = tmp_path / "access.yaml", tmp_path / "token"
    write_access(access, "first")
    token.write_text("first")
    options = ["--tls-cert", files["cert"], "--tls-key", files["key"], "--tls-client-ca", files["ca"]]
    server = RealServer(tmp_path / "data", options=[*options, "--access", str(access)])
    tls = wazir.Tls(**files)
    try:
        with wazir.connect(server.address, owner="team-a", tls=tls, token_file=token) as client:
            study = client.create_study(
                "s",
                [wazir.double("x", 0, 1)],
                {"loss": "minimize"},
                resource=("epoch", 1, 9),
                scheduler="asha",
                max_trials=9,
                seed=1,
            )
            with pytest.raises(wazir.PermissionDenied, match="access file"):
                study.delete()
            with wazir.connect(server.address, owner="team-a", tls=tls) as stranger:
                with pytest.raises(wazir.Unauthenticated, match="WAZIR_TOKEN_FILE"):
                    stranger.study("s").get()
            with wazir.connect(server.address, owner="team-b", tls=tls, token_file=token) as other:
                with pytest.raises(wazir.NotFound):
                    other.study("s").get()
            replaced = False
            for trial in study.trials(checkpoint_dir=tmp_path / "checkpoints"):
                for step in trial.steps():
                    trial.report(step, loss=trial.parameters["x"])
                    if not replaced:
                        replaced = True
                        token.with_suffix(".new").write_text("next")
                        token.with_suffix(".new").replace(token)
                        write_access(access, "next")
                        wait_until_known(server.address, tls, "next")
                Path(trial.checkpoint_path_to_write).write_text("")
            trials = list(study.list_trials())
            assert replaced and len(trials) == 9
            assert {each.message.expiries for each in trials} == {0}
    finally:
        server.stop()


def wait_until_known(address: str, tls: wazir.Tls, token: str) -> None:
    """By then the server has ended the streams of the token before."""
    deadline = time.monotonic() + 60
    with wazir.connect(address, owner="team-a", tls=tls, token=token) as client:
        while True:
            try:
                client.study("s").get()
                return
            except wazir.Unauthenticated:
                assert time.monotonic() < deadline
                time.sleep(0.1)
