"""A real IMAP server (pymap) in a process of its own, and a mailbox on it."""

from __future__ import annotations

import datetime as dt
import imaplib
import ipaddress
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from huying.cases.tests.conftest import loop
from huying.integrations.netizen.models import Mailbox

__all__ = ["loop"]
USER, PASSWORD = "demouser", "demopass"


def _certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that vouches for itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    cert_file, key_file = folder / "cert.pem", folder / "key.pem"
    cert_file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return cert_file, key_file


class ImapServer:
    """Where it listens, and what lies in its folders."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])
        self.certificate, key = _certificate(folder)
        self.process = subprocess.Popen(
            [Path(sys.executable).parent / "pymap", "--host", "127.0.0.1", "--port", str(self.port),
             "--cert", self.certificate, "--key", key, "dict", "--demo-data"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        deadline = time.monotonic() + 20
        while self.process.poll() is None and time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=5).close()
            except OSError:
                threading.Event().wait(0.05)
            else:
                return
        raise RuntimeError("the IMAP server did not start")

    @cached_property
    def client(self) -> imaplib.IMAP4:
        """One session for all tests: signing in takes the server a third of a second."""
        client = imaplib.IMAP4("127.0.0.1", self.port, timeout=10)
        client.login(USER, PASSWORD)
        return client

    def empty(self) -> None:
        client = self.client
        for folder in ("INBOX", "Huying"):
            if client.select(folder)[0] == "OK":
                client.store("1:*", "+FLAGS", "\\Deleted")
                client.expunge()

    def put(self, raw: bytes, folder: str = "INBOX") -> None:
        assert self.client.append(folder, None, None, raw)[0] == "OK"  # type: ignore[arg-type]

    def count(self, folder: str) -> int:
        status, data = self.client.select(folder, readonly=True)
        return int(data[0] or 0) if status == "OK" else 0


@pytest.fixture(scope="session")
def imap_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ImapServer]:
    server = ImapServer(tmp_path_factory.mktemp("imap"))
    yield server
    server.process.terminate()
    server.process.wait(10)


@pytest.fixture
def imap(imap_server: ImapServer) -> ImapServer:
    imap_server.empty()
    return imap_server


@pytest.fixture
def mailbox(db: None, imap: ImapServer) -> Mailbox:
    return Mailbox.objects.create(
        title="留言邮箱", address="ly@weidong.example", host="127.0.0.1", port=imap.port, security="none",
        username=USER, password=PASSWORD,
    )  # fmt: skip
