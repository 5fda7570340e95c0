"""The server itself, as a process of its own."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


class RealServer:
    """Runs the server from the sources of this repository. Stop it at the end."""

    def __init__(self, data: Path, *listen: str, options: Sequence[str] = ()) -> None:
        self._data = data
        self._options = options
        self._listen = list(listen) or ["127.0.0.1:0"]
        #: Where it can be reached, in the order of `listen`.
        self.addresses: list[str] = []
        self._process: subprocess.Popen[str] | None = None
        self._log: list[str] = []
        self.start()

    @property
    def address(self) -> str:
        return self.addresses[0]

    def start(self) -> None:
        """Starts it, where it was the time before if there was one."""
        command = ["node", "--import", "tsx", "server/main.ts", "serve", "--data", str(self._data), *self._options]
        for each in self.addresses or self._listen:
            command += ["--listen", each]
        self.addresses = []
        self._process = subprocess.Popen(
            command,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        listening = threading.Event()
        threading.Thread(target=self._read, args=(self._process, listening), daemon=True).start()
        if not listening.wait(60) or len(self.addresses) < len(self._listen):
            self.kill()
            raise AssertionError("the server did not start:\n" + "".join(self._log))

    def kill(self) -> None:
        """Ends it as kill -9 does."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """Asks it to end, and waits."""
        assert self._process is not None
        self._process.terminate()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def _read(self, process: subprocess.Popen[str], listening: threading.Event) -> None:
        assert process.stdout is not None
        with process.stdout:
            # To the end, so that a full pipe never stops the server.
            for line in process.stdout:
                self._log.append(line)
                if '"listening"' in line:
                    entry = json.loads(line)
                    if entry.get("msg") == "listening":
                        self.addresses.append(entry["address"])
                        if len(self.addresses) == len(self._listen):
                            listening.set()
        listening.set()
