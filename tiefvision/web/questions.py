"""Which of two photographs is closer to a third: what to ask next."""

from collections import Counter
from dataclasses import dataclass

from tiefvision.labels.asking import judged_pairs, questions
from tiefvision.labels.records import PhotoKey
from tiefvision.records import Box
from tiefvision.web.parameters import SearchParameters
from tiefvision.web.searching import located, search
from tiefvision.web.services import Services
from tiefvision.web.views import as_first_garment

CANDIDATES = 12
"""Results of each ranker that are compared."""

QUESTIONS = 6
"""Questions about one photograph, before another one is asked about: the first ones
tell most, and a model learns more from many photographs than from much about one."""

ATTEMPTS = 8
"""Photographs that are searched with at most until a question is found."""


@dataclass(frozen=True)
class Candidate:
    """A photograph of a question.

    Attributes:
        reference: its reference.
        item: its item.
        ranks: its rank by each ranker, from 1; None where it is not among the first.
    """

    reference: str
    item: str
    ranks: dict[str, int | None]


@dataclass(frozen=True)
class Question:
    """Which of two candidates is closer?

    Attributes:
        reference: reference of the photograph that they are compared with.
        box: box of the garment that searched; None for the whole photograph.
        category: its group; "" for the whole photograph.
        candidates: the two.
        answered: judgements about this photograph so far.
        rankers: the two rankers that were compared.
    """

    reference: str
    box: Box | None
    category: str
    candidates: tuple[Candidate, Candidate]
    answered: int
    rankers: tuple[str, str]


def next_question(
    services: Services, ranker: str = "", reference: str = "", after: str = ""
) -> Question | None:
    """The question that tells most; None if none is left.

    Args:
        services: services of the application.
        ranker: ranker whose candidates are compared; "" for the preferred one.
        reference: the photograph to ask about; "" for the next one with questions.
        after: reference behind which the next photograph is looked for; "" for the
            first.

    Raises:
        NotFound, UnreadablePhoto, MissingArtifact, StaleArtifact, BadUsage, Busy.
    """
    judgements = services.labelling.store.judgements()
    if reference:
        known = services.labelling.known(reference, services.shelf.file_of(reference))
        judged = judged_pairs(judgements, known.key)
        return _question(services, ranker, reference, known.key, judged)
    answered = Counter(one.reference.key for one in judgements)
    offered = services.labelling.references()
    places = [one.reference for one in offered]
    start = places.index(after) + 1 if after in places else 0
    waiting = [
        one
        for one in (*offered[start:], *offered[:start])
        if answered[one.key] < QUESTIONS
    ]
    for one in waiting[:ATTEMPTS]:
        judged = judged_pairs(judgements, one.key)
        question = _question(services, ranker, one.reference, one.key, judged)
        if question:
            return question
    return None


def _question(
    services: Services,
    ranker: str,
    reference: str,
    key: PhotoKey,
    judged: set[frozenset[PhotoKey]],
) -> Question | None:
    rankers = _rankers(services, ranker)
    photo = located(services, reference)
    asked = SearchParameters(photo=[reference], k=CANDIDATES)
    asked = as_first_garment(photo, asked)
    lists: list[list[PhotoKey]] = []
    found: dict[PhotoKey, tuple[str, str]] = {}
    for name in rankers:
        (answer, *_) = search(services, asked.model_copy(update={"ranker": name}))
        ranked = []
        for hit in answer.hits:
            candidate = services.labelling.row_key(hit.row)
            if candidate and candidate != key:
                ranked.append(candidate)
                found[candidate] = (f"row-{hit.row}", hit.item)
        lists.append(ranked)
    pairs = questions(lists[0], lists[1], judged)
    if not pairs:
        return None
    first, second = (
        Candidate(
            *found[one],
            {
                name: ranked.index(one) + 1 if one in ranked else None
                for name, ranked in zip(rankers, lists, strict=True)
            },
        )
        for one in pairs[0]
    )
    return Question(
        reference,
        asked.box_in_image,
        asked.category,
        (first, second),
        len(judged),
        rankers,
    )


def _rankers(services: Services, ranker: str) -> tuple[str, str]:
    """The ranker that is asked for, and another one to compare it with, if any."""
    chosen = services.finder.require_searchable(ranker)
    others = [one for one in services.finder.searchable_rankers if one != chosen]
    return chosen, others[0] if others else chosen
