import pytest
import torch

from tiefvision import machine

CPU = torch.device("cpu")


@pytest.fixture
def system(tmp_path, monkeypatch):
    """A machine with 5 MB to spare, whose container has no limit."""
    memory = tmp_path / "meminfo"
    memory.write_text("MemTotal: 9000 kB\nMemAvailable:  5000 kB\n")
    monkeypatch.setattr(machine, "MEMORY_INFO", memory)
    monkeypatch.setattr(machine, "CONTROL_GROUP", tmp_path)
    return tmp_path


def test_the_free_memory_of_a_machine(system):
    assert machine.free_memory(CPU) == 5000 * 1024


def test_a_container_may_leave_less(system):
    (system / "memory.max").write_text("3000000\n")
    (system / "memory.current").write_text("1500000\n")
    (system / "memory.stat").write_text("anon 900000\ninactive_file 600000\n")
    assert machine.free_memory(CPU) == 3_000_000 - 1_500_000 + 600_000
    (system / "memory.max").write_text("max\n")
    assert machine.free_memory(CPU) == 5000 * 1024


def test_where_nobody_tells_it_is_unknown(system):
    (system / "meminfo").unlink()
    assert machine.free_memory(CPU) is None
    assert machine.free_memory(torch.device("mps")) is None
