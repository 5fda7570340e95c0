"""OSS Vizier's server on SQLite, in the empty directory that is its argument.

Says where it listens, and how durable it is.
"""

from __future__ import annotations

import json
import sys

from sqlalchemy import text
from vizier.service import servers

server = servers.DefaultVizierServer(database_url=f"sqlite:///{sys.argv[1]}/vizier.db")
datastore = server.datastore
# Nothing public tells which pragmas are in force.
with datastore._lock:
    pragmas = {
        name: datastore._connection.execute(text(f"PRAGMA {name}")).scalar()
        for name in ("journal_mode", "synchronous")
    }
    datastore._connection.rollback()
print(json.dumps({"address": server.endpoint, "pragmas": pragmas}), flush=True)
sys.stdin.read()
