"""Views are the template's whole contract."""

from __future__ import annotations

import inspect

import msgspec

from glasshouse.web.presentation import views


def test_every_view_is_frozen_and_holds_no_model_object() -> None:
    structs: list[type[msgspec.Struct]] = [
        item
        for _, item in inspect.getmembers(views, inspect.isclass)
        if issubclass(item, msgspec.Struct)
    ]
    assert structs
    for struct in structs:
        if struct is not msgspec.Struct:
            assert struct.__struct_config__.frozen
            assert not any("model" in str(field.type) for field in msgspec.structs.fields(struct))
