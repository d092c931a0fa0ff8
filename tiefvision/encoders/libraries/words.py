"""From words to the numbers that a text tower of open_clip reads.

CLIP's tokeniser lies within open_clip. Those of SigLIP and others are files of a hub:
``tokenizer.json`` beside ``tokenizer_config.json``, in the repository of the model.
"""

import importlib.util
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiefvision.encoders.libraries.names import OPEN_CLIP
from tiefvision.encoders.libraries.open_clip_towers import model_settings
from tiefvision.errors import BadUsage, reason_of
from tiefvision.files import read_file

FILE, SETTINGS = "tokenizer.json", "tokenizer_config.json"

PAD = "pad"
"""Key of the token that fills a text up, beside the content of ``FILE``."""


def has_own_tokeniser(name: str) -> bool:
    """Whether a model reads words by a tokeniser that open_clip does not hold."""
    text = model_settings(name)["text_cfg"]
    return bool(text.get("hf_tokenizer_name")) or "siglip" in name.lower()


def read_tokeniser(name: str, folder: Path | None) -> str:
    """The tokeniser of a model, to be kept beside its weights.

    Args:
        name: open_clip's name of the model.
        folder: folder of the tokeniser's files; None for none.

    Returns:
        A JSON object of the file and its token of padding; "" without a folder.

    Raises:
        BadUsage: The files are missing, or cannot be used, or the model's tokeniser
            lies within open_clip.
    """
    if folder is None:
        return ""
    if not has_own_tokeniser(name):
        raise BadUsage(
            f"{name} reads text by the tokeniser that lies within {OPEN_CLIP}.",
            "Leave --tokenizer out.",
        )
    try:
        settings, tokeniser = (
            json.loads(read_file(folder / file)) for file in (SETTINGS, FILE)
        )
        pad = settings["pad_token"]
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise BadUsage(
            f"{folder} holds no tokeniser: {reason_of(error)}.",
            f"It needs {FILE} and {SETTINGS} with pad_token, of the model's "
            "repository.",
        ) from error
    kept = json.dumps(
        {PAD: pad if isinstance(pad, str) else pad["content"], FILE: tokeniser}
    )
    tokenise(name, ["a"], kept)  # refused now, not when somebody searches
    return kept


def tokenise(name: str, texts: Sequence[str], kept: str = "") -> NDArray[np.int64]:
    """The numbers of texts, (B, L) int64; a text beyond L tokens is cut.

    Args:
        name: open_clip's name of the model.
        texts: descriptions in plain words.
        kept: tokeniser as ``read_tokeniser`` returns it; "" for that of CLIP.

    Raises:
        BadUsage: The model has a tokeniser of its own, which is missing or cannot be
            used.
    """
    import open_clip

    if not has_own_tokeniser(name):
        tokens = open_clip.get_tokenizer(name)(list(texts))
        return np.asarray(tokens.numpy(), dtype=np.int64)
    if not kept:
        raise BadUsage(
            f"The tokeniser of {name} is not here, so it reads no text.",
            f"Add it again: tiefvision models --add {OPEN_CLIP}:{name}:FILE "
            f"--tokenizer DIR, where DIR holds {FILE} and {SETTINGS}.",
        )
    text = model_settings(name)["text_cfg"]
    options = text.get("tokenizer_kwargs", {})
    if text.get("tokenizer_mode") or options.get("strip_sep_token"):
        raise BadUsage(
            f"{name} reads text in a way of its own, which is not known here.",
            "Use a model of CLIP or SigLIP.",
        )
    clean = open_clip.tokenizer.get_clean_fn(options.get("clean", "whitespace"))
    read = _tokeniser_of(kept, text.get("context_length", 77))
    encoded = read.encode_batch([clean(one) for one in texts])
    return np.array([one.ids for one in encoded], dtype=np.int64)


def _tokeniser_of(kept: str, length: int) -> Any:
    """The tokeniser of a file, which fills texts up to a length or cuts them."""
    if importlib.util.find_spec("tokenizers") is None:
        raise BadUsage(
            "Reading text by this model needs the package tokenizers.",
            "Run: pip install 'tiefvision[clip]'",
        )
    from tokenizers import Tokenizer

    parts = json.loads(kept)
    try:
        read = Tokenizer.from_str(json.dumps(parts[FILE]))
        number = read.token_to_id(parts[PAD])
        read.enable_truncation(length)
        read.enable_padding(pad_id=number, pad_token=parts[PAD], length=length)
    except Exception as error:  # the package raises plain exceptions
        raise BadUsage(
            f"The tokeniser cannot be used: {reason_of(error)}.",
            f"Give the {FILE} of the model's repository.",
        ) from error
    return read
