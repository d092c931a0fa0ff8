"""Requests that a machine thinks up from the description of the interface.

Whatever is asked, the answer is one that the description names, in the form that it
names; never a defect.
"""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from starlette.testclient import TestClient

schemathesis = pytest.importorskip("schemathesis")

from schemathesis import GenerationMode  # noqa: E402
from schemathesis.checks import not_a_server_error  # noqa: E402
from schemathesis.specs.openapi import checks  # noqa: E402

CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]

EXAMPLES = 20
"""Requests of each kind to each operation; a few seconds each."""

WITHIN = settings(
    max_examples=EXAMPLES,
    deadline=None,  # the machine may be busy
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


def operations_of(client: TestClient) -> Iterator[Any]:
    """Every operation of the interface."""
    schema = schemathesis.openapi.from_dict(client.app.openapi())
    for found in schema.get_all_operations():
        yield found.ok()


def send(client: TestClient, case: Any) -> Any:
    """The answer to a case, checked against the description."""
    request = case.as_transport_kwargs(base_url="http://localhost")
    answer = client.request(**request)
    case.validate_response(answer, checks=CHECKS)
    return answer


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_every_operation_answers_as_it_is_described(
    client: TestClient, mode: GenerationMode
) -> None:
    asked = []
    for operation in operations_of(client):

        @WITHIN
        @given(case=operation.as_strategy(generation_mode=mode))
        def ask(case: Any) -> None:
            send(client, case)

        with suppress(Unsatisfiable):  # nothing can be wrong where nothing is given
            ask()
            asked.append(operation.label)
    assert {"GET /api/search", "POST /api/search"} <= set(asked)


def test_requests_for_photographs_that_are_there(
    client: TestClient, street: Path
) -> None:
    """The same with references and files of which the others know nothing."""
    content = street.read_bytes()
    answered = []
    for operation in operations_of(client):

        @WITHIN
        @given(case=operation.as_strategy(), data=st.data())
        def ask(case: Any, data: Any) -> None:
            known = st.sampled_from(["sample-0", "sample-1", "row-0", "row-3"])
            for name in set(case.path_parameters) & {"photo", "other"}:
                case.path_parameters[name] = data.draw(known)
            if "photo" in case.query:
                case.query["photo"] = [data.draw(known)]
            if str(case.media_type).startswith("image/"):
                case.body = content
            answer = send(client, case)
            if answer.status_code == 200:
                answered.append(case.operation.label)

        ask()
    assert {"GET /api/search", "POST /api/photos"} <= set(answered)
