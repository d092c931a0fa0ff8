"""What every command refuses with the exit code of wrong usage, before any work."""

import pytest

from tiefvision.cli.running import BAD_USAGE

LOCATE, INDEX, SEARCH = ("locate", "FILE"), ("index", "DIR"), ("search", "FILE")
DISTIL, TUNE = ("distil", "DIR", "--output"), ("tune", "DIR", "--output")
PACKS = ("compare", "DIR", "DIR")

WRONG = [
    *[(*LOCATE, "--threads", threads) for threads in ("-1", "1025", "9" * 20, "x")],
    *[(*LOCATE, "--seed", seed) for seed in ("-1", str(2**32), "1.5")],
    *[(*INDEX, "--max-gib", gib) for gib in ("0", "-1", "nan", "inf", "1e30", "x")],
    *[("data", "formats", "--device", "gpu"), ("doctor", "--engine", "none")],
    *[("models", "--device", "cuda", "--engine", "openvino"), ("folds", "DIR", "-x")],
    *[(command, "--workspace", "FILE") for command in ("doctor", "models", "trial")],
    *[(*LOCATE, "--workspace", "FILE"), (*INDEX, "--workspace", "FILE")],
    *[(*SEARCH, "--k", k) for k in ("0", "-3", "many")],
    *[(*SEARCH, "--html", "DIR"), (*LOCATE, "--draw", "FILE")],
    *[("compare", "--html", "DIR"), ("compare", "--pack", "FILE")],
    *[("compare", "--boxes", "x"), ("compare", "--within", "x")],
    *[(*PACKS, "--fail-if", "recall@1<nan"), ("compare", "--fail-if", "recall@1<0")],
    *[("models", "--export", "FILE"), ("models", "--name", "mine")],
    *[(*DISTIL, "DIR"), (*TUNE, "DIR"), ("readout", "DIR", "--output", "DIR")],
    (*DISTIL, "new", "--epochs", "0", "--last-epochs", "0"),
    *[(*DISTIL, "new", "--student", "x"), (*TUNE, "new", "--epochs", "0")],
    *[("trial", "--nothing", "none"), ("trial", "--nothing", "FILE")],
    *[("data", "synth", "FILE"), ("data", "import", "ccp", "DIR", "FILE")],
    *[("data", "synth", "new", "--items", "0"), ("data", "import", "x", "DIR", "new")],
    *[("data", "check", "DIR", "--near-cosine", one) for one in ("nan", "2", "inf")],
    *[("folds", "DIR", "--least", "0"), ("quality", "--half", "x", "--luma", "DIR")],
    *[("quality",), ("bench", "--encoder", "x"), ("bench", "--models", "none")],
    *[("locate", ""), ("search", ""), ("index", ""), (*SEARCH, "--html", "")],
    *[(*SEARCH, "--category="), (*LOCATE, "--workspace=")],
]


@pytest.mark.parametrize("arguments", WRONG, ids=" ".join)
def test_wrong_usage_ends_with_2_and_a_sentence(arguments, tiefvision, dataset, street):
    places = {"FILE": street[0], "DIR": dataset}
    before = street[0].read_bytes(), sorted(dataset.iterdir())
    spoken = tiefvision(*(places.get(word, word) for word in arguments))
    assert (spoken.code, spoken.out) == (BAD_USAGE, "")
    assert "Error" in spoken.err or "Usage" in spoken.err
    assert (street[0].read_bytes(), sorted(dataset.iterdir())) == before


def test_an_empty_argument_is_named_with_its_usual_cause(tiefvision):
    spoken = tiefvision("locate", "a.jpg", "--workspace", "")
    assert spoken.err == (
        "Error: An argument is empty behind --workspace. "
        "Is a variable of the shell unset?\n"
    )
