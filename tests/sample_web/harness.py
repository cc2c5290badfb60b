"""Start the sample web as a child process and end it again, whatever happens in between."""

from __future__ import annotations

import json
import select
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlencode

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 60.0


class SampleWeb:
    """Context manager: `with SampleWeb() as web: subprocess.run(..., env=os.environ | web.environment())`."""

    def __init__(self, data: Path | None = None, port: int = 0) -> None:
        self._temporary = None if data else tempfile.TemporaryDirectory(prefix="sample-web-")
        self.data = Path(data or self._temporary.name)  # type: ignore[union-attr]
        self.port = port
        self.proxy = ""
        self.ca = ""
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def log_file(self) -> Path:
        """Where the child writes one JSON object per request."""
        return self.data / "access.jsonl"

    @property
    def pid(self) -> int:
        """The child's process id."""
        assert self._child is not None, "the sample web is not running"
        return self._child.pid

    def __enter__(self) -> SampleWeb:
        self.data.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "tests.sample_web", "--data", str(self.data.resolve())]
        command += ["--port", str(self.port), "--until-eof"]
        self._child = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )  # its stdin closes when we die, so it cannot outlive us
        try:
            assert self._child.stdout is not None
            ready, _, _ = select.select([self._child.stdout], [], [], START_SECONDS)
            line = self._child.stdout.readline() if ready else b""
            if not line:
                raise RuntimeError(f"the sample web did not start (exit code {self._child.poll()})")
            answer = json.loads(line)
        except BaseException:
            self.stop()
            raise
        self.proxy, self.ca = answer["proxy"], answer["ca"]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End the child (by its pid) and wait for it; remove a temporary folder."""
        child, self._child = self._child, None
        if child is not None:
            child.terminate()
            try:
                child.wait(5)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
            for stream in (child.stdin, child.stdout):
                if stream is not None:
                    stream.close()
        if self._temporary is not None:
            self._temporary.cleanup()

    def environment(self) -> dict[str, str]:
        """What an unmodified program needs to see this web: the proxy and its CA, nothing else."""
        return {"http_proxy": self.proxy, "https_proxy": self.proxy, "SSL_CERT_FILE": self.ca}

    def log(self) -> list[dict[str, Any]]:
        """Every request so far: time, host, scheme, method, path, status, user_agent and the conditional headers."""
        if not self.log_file.exists():
            return []
        lines = self.log_file.read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines if line]

    def control(self, host: str, **faults: object) -> dict[str, Any]:
        """Change how `host` answers ("all": every host); see `sites.Faults`. Returns the state after it."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({"http": self.proxy}))
        address = f"http://sample.web/__control?{urlencode({'host': host, **faults})}"
        with opener.open(address, timeout=10) as answer:
            return dict(json.load(answer))
