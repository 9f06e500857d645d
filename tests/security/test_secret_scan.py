"""`make secrets` finds what must never be committed, and finds nothing in what is."""

import secrets
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Put together here, or the scan would find them in this file.
LEAKS = {
    "a gateway's token": f'TOKEN = "{secrets.token_hex(64)}"',
    "a random secret": f'KEY = "{secrets.token_urlsafe(48)}"',
    "a private key": "-----BEGIN " + "RSA PRIVATE KEY-----",
    "a cloud's key": "key = AKIA" + "IOSFODNN7EXAMPLQ",
    "a database's password": "DATABASE = 'postgresql://relance:" + "s3cr3t-of-ours@db.internal/relance'",
}


def scan(directory: Path) -> subprocess.CompletedProcess[str]:
    """As `make lint` does it, in another repository."""
    command = [
        "make",
        "--silent",
        "-f",
        str(ROOT / "Makefile"),
        f"VENV={ROOT / '.venv'}",
        "-o",
        f"{ROOT / '.venv'}/.installed",
        "secrets",
    ]
    return subprocess.run(command, cwd=directory, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603


def git(directory: Path, *words: str) -> None:
    """In that repository."""
    subprocess.run(["git", *words], cwd=directory, check=True)  # noqa: S603, S607


@pytest.mark.parametrize("kind", LEAKS)
def test_a_leak_is_found(kind: str, tmp_path: Path) -> None:
    """Issue: secrets scanning in CI; offline."""
    git(tmp_path, "init", "-q")
    (tmp_path / "settings.py").write_text('DEVICE = "5a0db0c5e1a2b3c4d5e6f701"\n')
    git(tmp_path, "add", ".")
    assert scan(tmp_path).returncode == 0
    (tmp_path / "leak.py").write_text(LEAKS[kind] + "\n")
    git(tmp_path, "add", ".")
    found = scan(tmp_path)
    assert found.returncode != 0
    assert "leak.py" in found.stdout
