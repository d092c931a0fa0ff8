"""Rankers whose weights come from elsewhere, kept as artifacts of a workspace."""

from pathlib import Path

from tiefvision.encoders.libraries.names import OPEN_CLIP, library_of, split_weights
from tiefvision.errors import BadUsage
from tiefvision.ranking.registry import CLIP, ranker_kind
from tiefvision.store.header import Header
from tiefvision.workspace.artifacts import Workspace
from tiefvision.workspace.job import Job, Resources
from tiefvision.workspace.provenance import file_hash

VERSION = 1
"""Version of the artifact; raised when its content changes."""


def add_ranker(
    workspace: Workspace,
    given: str,
    name: str,
    tokeniser: Path | None,
    resources: Resources,
) -> str:
    """Keep a model of open_clip in a workspace, as a ranker.

    Args:
        workspace: workspace of the ranker; it need not hold anything else.
        given: "open_clip:NAME:WEIGHTS", where WEIGHTS is a safetensors file, "hub" or
            "random".
        name: name of the ranker: "clip", or "clip-SUFFIX"; "" for "clip".
        tokeniser: folder of the model's tokeniser; None for a model without its own.
        resources: seed of random weights, and the limit of the artifact's size.

    Returns:
        The name of the weights.

    Raises:
        BadUsage: It is no model of open_clip, the library is not installed, or the name
            is not that of such a ranker.
        BadWeights: The weights are not those of the model.
    """
    encoder, weights = split_weights(given)
    if library_of(encoder) != OPEN_CLIP or not weights:
        raise BadUsage(
            f"{given} is no model of {OPEN_CLIP} with its weights.",
            f"Write {OPEN_CLIP}:NAME:FILE.safetensors.",
        )
    name = name or CLIP
    if name != CLIP and not name.startswith(f"{CLIP}-"):
        raise BadUsage(f"--name {name} is no {CLIP}.", f"Use {CLIP}-SUFFIX.")
    ranker_kind(name)  # refuses characters that a name cannot have
    from tiefvision.encoders.identity import EncoderIdentity, hash_arrays
    from tiefvision.encoders.libraries.joint import embedding_size, load_joint
    from tiefvision.encoders.libraries.open_clip_towers import open_clip_preprocessing
    from tiefvision.encoders.libraries.words import read_tokeniser
    from tiefvision.workspace.networks import weight_tensors

    model = encoder.partition(":")[2]
    kept = read_tokeniser(model, tokeniser)
    arrays, label = load_joint(model, weights, resources.seed)
    file = Path(weights)
    inputs = {"weights": file_hash(file)} if file.is_file() else {}
    config = {"model": model, "weights": weights, "seed": resources.seed}
    header = Header("add_ranker", VERSION, config, inputs)
    preprocessing = open_clip_preprocessing(model).name
    identity = EncoderIdentity(encoder, label, hash_arrays(arrays), preprocessing)
    with Job(workspace, name, header, resources) as job, job.write() as writer:
        writer.write(weight_tensors(arrays), {"ranker/name": name})
        details = {
            "model": model,
            "size": embedding_size(model),
            "shapes": {part: list(array.shape) for part, array in arrays.items()},
            "tokeniser": kept,
        }
        writer.finish(identity.to_dict(), details)
    return label
