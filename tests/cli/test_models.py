from tiefvision.cli.running import DONE

KEYS = ["name", "kind", "parameters", "trainable", "embedding"]


def test_a_line_of_json_follows_the_contract(tiefvision, tmp_path):
    spoken = tiefvision("models", "--workspace", tmp_path, "--json")
    assert (spoken.code, spoken.err) == (DONE, "")
    for line in spoken.lines:
        assert list(line)[:5] == KEYS
        assert line["kind"] in ("encoder", "ranker")
        assert 0 <= line["trainable"] <= line["parameters"]
        assert line["embedding"] > 0


def test_the_sizes_are_those_of_the_networks(tiefvision, trained):
    spoken = tiefvision("models", "--workspace", trained, "--json")
    models = {line["name"]: line for line in spoken.lines}
    # AlexNet's five convolutions: 64 x 3 x 11 x 11 + 64, and so on.
    assert models["alexnet"]["parameters"] == 2_469_696
    assert models["alexnet"]["embedding"] == 256 * 11 * 11
    assert "random" in models["alexnet"]["state"]
    assert models["cosine"]["parameters"] == 0
    assert "trained" in models["deeprank"]["state"]
    assert models["deeprank"]["trainable"] == models["deeprank"]["parameters"] > 0


def test_the_table_lists_every_model(tiefvision, tmp_path):
    out = tiefvision("models", "--workspace", tmp_path).out
    for name in ("alexnet", "squeezenet1_1", "mobilenet_v2", "cosine", "deeprank"):
        assert name in out
