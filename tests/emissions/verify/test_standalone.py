"""The small verifier, run as a stranger runs it: a file alone, without the project."""

from __future__ import annotations

import random
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from emissions.verify import standalone
from streams.core.evidence.bundle.archive import unpack
from tests.emissions.verify.made import LOG_NAME, SYSTEM_NAME, minute_bundle
from tests.emissions.verify.test_verify import OTHER, replace_key

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the verifier and a bundle."""
    directory = tmp_path_factory.mktemp("stranger")
    shutil.copy(str(standalone.__file__), directory / "standalone.py")
    (directory / "case.zip").write_bytes(minute_bundle())
    return directory


def run(place: Path, *arguments: str) -> tuple[int, str]:
    done = subprocess.run(  # -I: neither the directory nor the environment adds modules
        [sys.executable, "-I", "standalone.py", *arguments], cwd=place, capture_output=True,
        text=True, timeout=300, check=False,
    )  # fmt: skip
    assert not done.stderr
    return done.returncode, done.stdout


def test_it_imports_nothing_of_ours() -> None:
    text = Path(str(standalone.__file__)).read_text("utf-8")
    imported = {line.split()[1].partition(".")[0] for line in text.splitlines() if "import " in line
                and line.startswith(("import ", "from "))}  # fmt: skip
    assert imported - {"__future__", "cryptography"} <= sys.stdlib_module_names


def test_a_bundle_holds_by_given_keys_and_by_its_own(place: Path) -> None:
    code, text = run(place, "case.zip", "--key", LOG_NAME.text, "--key", SYSTEM_NAME.text)
    assert code == 0
    assert text.count("ok ") == 4
    code, text = run(place, "case.zip")
    assert code == 0
    assert "compare them with the published ones" in text


def test_it_refuses_other_keys_and_other_files(place: Path) -> None:
    code, text = run(place, "case.zip", "--key", replace_key(LOG_NAME).text)
    assert (code, OTHER.public != LOG_NAME.key) == (1, True)
    assert text.startswith("ok ")
    assert "WRONG: statement.dsse.json" in text
    (place / "photo.jpg").write_bytes(b"\xff\xd8")
    assert run(place, "photo.jpg")[0] == 2


def test_it_finds_changed_bytes(tmp_path: Path) -> None:
    data, random_ = minute_bundle(), random.Random(3)
    for _ in range(200):
        at = random_.randrange(len(data))
        changed = data[:at] + bytes([data[at] ^ 1 << random_.randrange(8)]) + data[at + 1 :]
        with pytest.raises((standalone.WrongError, standalone.NoBundleError)):
            standalone.files_of(changed)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl here")
def test_the_commands_of_the_guide_find_the_hashes_and_the_signature(place: Path) -> None:
    guide = unpack(minute_bundle())["VERIFY.md"].decode()
    first, second = re.findall(r"```sh\n(.*?)```", guide, re.DOTALL)[:2]
    first = first.replace(
        "unzip -q case.zip -d case", f"{sys.executable} -m zipfile -e case.zip case"
    )
    script = f"set -eu\n{first}{second}"
    done = subprocess.run(
        ["sh", "-c", script, "sh", SYSTEM_NAME.text], cwd=place, capture_output=True, text=True,
        timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "FAILED" not in done.stdout
    assert "Signature Verified Successfully" in done.stdout
    *_, as_it_is, as_signed = done.stdout.splitlines()
    assert as_it_is.split()[0] == as_signed.partition('"')[0]
