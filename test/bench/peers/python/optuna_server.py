"""Optuna's gRPC proxy on SQLite, in the empty directory that is its argument.

Says where it listens, and how durable it is.
"""

from __future__ import annotations

import json
import socket
import sys
import threading

import optuna
from sqlalchemy import create_engine, text

url = f"sqlite:///{sys.argv[1]}/optuna.db"
storage = optuna.storages.get_storage(url)
with create_engine(url).connect() as connection:
    pragmas = {
        name: connection.execute(text(f"PRAGMA {name}")).scalar() for name in ("journal_mode", "synchronous")
    }
with socket.socket() as free:
    free.bind(("localhost", 0))
    port = free.getsockname()[1]
threading.Thread(
    target=optuna.storages.run_grpc_proxy_server, args=(storage,), kwargs={"port": port}, daemon=True
).start()
optuna.storages.GrpcStorageProxy(port=port).wait_server_ready(timeout=60)
print(json.dumps({"address": f"localhost:{port}", "pragmas": pragmas}), flush=True)
sys.stdin.read()
