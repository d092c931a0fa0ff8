from tiefvision import machine


def test_free_memory_is_what_linux_says(tmp_path, monkeypatch):
    told = tmp_path / "meminfo"
    monkeypatch.setattr(machine, "MEMORY_INFO", told)
    assert machine.available_memory() is None
    told.write_text("MemTotal:  900 kB\nMemAvailable:    120 kB\nCached: 3 kB\n")
    assert machine.available_memory() == 120 * 1024
    told.write_text("MemTotal:  900 kB\n")
    assert machine.available_memory() is None
