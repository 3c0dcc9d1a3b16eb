"""`python -m lab.monitoring` refuses what it can't do, in one line."""

import pytest

from lab.monitoring.__main__ import main
from tests import servers


def refusal(*given):
    """Return what it says as it ends."""
    with pytest.raises(SystemExit) as ended:
        main(list(given))
    line = str(ended.value)
    assert line.startswith("monitoring: ") and "\n" not in line
    return line


def test_a_file_of_targets_that_is_not_there(tmp_path):
    assert "no file" in refusal("--watch", str(tmp_path / "targets.json"))


@pytest.mark.parametrize("port", ["0", "-1", "http"])
def test_what_is_no_port(port):
    assert "a whole number from 1" in refusal("--port", port)


def test_a_port_that_is_taken(tmp_path):
    targets = tmp_path / "targets.json"
    targets.write_text("[]")
    with servers.refusing_port() as port:
        assert f"port {port} is taken" in refusal(
            "--watch", str(targets), "--port", str(port)
        )


def test_no_prometheus_to_draw_leaves_no_folder(tmp_path):
    folder = tmp_path / "pictures"
    with servers.refusing_port() as port:
        address = f"http://127.0.0.1:{port}"
        given = ("--address", address, "--pictures", str(folder))
        assert f"no Prometheus at {address}" in refusal(*given)
    assert not folder.exists()


def test_an_address_without_a_scheme():
    assert "no Prometheus at localhost" in refusal("--address", "localhost:9091")
