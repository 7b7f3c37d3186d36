"""The document that describes the API: valid, complete, and open to whoever wants to call."""

from typing import Any

import pytest
import schemathesis

from tests.web.api.conftest import CalledTown

ROUTES = {
    "/api/v1/demands": {"get", "post"},
    "/api/v1/demands/{reference}": {"get"},
    "/api/v1/demands/{reference}/history": {"get"},
    "/api/v1/journal": {"get"},
    "/api/v1/statistics": {"get"},
    "/api/v1/procedures": {"get"},
}


@pytest.fixture(scope="module")
def document(town: CalledTown) -> dict[str, Any]:
    response = town.get("/openapi.json", scope=None)
    assert (response.status_code, response.mimetype) == (200, "application/json")
    described: dict[str, Any] = response.json or {}
    return described


def test_the_document_is_valid(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.")
    schemathesis.openapi.from_dict(document).validate()


def test_every_route_is_described_with_its_refusals(document: dict[str, Any]) -> None:
    assert {path: set(operations) - {"parameters"} for path, operations in document["paths"].items()} == ROUTES
    for operations in document["paths"].values():
        for method in {"get", "post"} & operations.keys():
            assert operations[method]["security"] == [{"token": []}]
            assert operations[method]["summary"]
            assert operations[method]["responses"].keys() >= {"401", "403"}
    post = document["paths"]["/api/v1/demands"]["post"]
    assert post["responses"].keys() >= {"201", "200", "400", "401", "403", "409", "413", "415", "422"}


def test_answers_have_the_described_members(town: CalledTown, document: dict[str, Any]) -> None:
    reference = town.lived()
    schemas = document["components"]["schemas"]
    for path, name in (
        ("/demands", "DemandPage"), (f"/demands/{reference}", "OneDemand"),
        (f"/demands/{reference}/history", "History"),
        ("/journal", "JournalPage"), ("/statistics", "FiguresShape"), ("/procedures", "Procedures"),
    ):  # fmt: skip
        _require_members(town.get(path).json, {"$ref": f"#/components/schemas/{name}"}, schemas)


def _require_members(value: Any, schema: dict[str, Any], schemas: dict[str, Any]) -> None:
    if "$ref" in schema:
        schema = schemas[schema["$ref"].rsplit("/", 1)[1]]
    if isinstance(value, dict) and "properties" in schema:
        assert value.keys() >= set(schema.get("required", []))
        assert value.keys() <= schema["properties"].keys()
        for name, inner in value.items():
            _require_members(inner, schema["properties"][name], schemas)
    if isinstance(value, list):
        for inner in value:
            _require_members(inner, schema.get("items", {}), schemas)
