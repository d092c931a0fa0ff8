"""The body of a request as a photograph."""

from typing import Annotated, Any

from fastapi import Depends, Request

from tiefvision.errors import BadUsage

BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "Content of a JPEG, PNG or WebP file.",
        "content": {
            kind: {"schema": {"type": "string", "format": "binary"}}
            for kind in ("image/jpeg", "image/png", "image/webp")
        },
    }
}
"""Description of such a body in OpenAPI."""


async def _body(request: Request) -> bytes:
    content = await request.body()
    if not content:
        raise BadUsage("The request has no body.", "Send the content of a photograph.")
    return content


Upload = Annotated[bytes, Depends(_body)]
"""The content of an uploaded file, as an argument of a route."""
