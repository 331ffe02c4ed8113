import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A folder of our own: pytest closes its common one to other users whenever another run begins."""
    with tempfile.TemporaryDirectory(prefix="huying-faults-") as folder:
        yield Path(folder)
