"""What a pydantic form reads, told from the form itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from pydantic import BaseModel

if TYPE_CHECKING:
    from collections.abc import Iterator


def keys_of(form: type[BaseModel], base: str = "") -> Iterator[str]:
    """The keys of a form and of the forms in it, joined with dots."""
    for name, field in form.model_fields.items():
        key = f"{base}{field.alias or name}"
        yield key
        for inner in forms_in(field.annotation):
            yield from keys_of(inner, f"{key}.")


def forms_in(annotation: object) -> list[type[BaseModel]]:
    """The forms that an annotation is made of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [form for part in get_args(annotation) for form in forms_in(part)]
