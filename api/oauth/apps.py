"""Applications: how a client registers itself before anybody signs in, and asks whether that went well."""

from typing import Any

from access.applications import ApplicationRefused, register_application
from api.call import Call, Json
from api.endpoints import Access, Endpoint
from api.errors import NotFound, invalid
from api.schemas.oauth import RegistrationArgs
from models.oauth import Application


async def create_app(call: Call) -> Json:
    """Register a client application, whatever way its parameters come: JSON, form or query."""
    args = call.args
    try:
        async with call.database.unit_of_work() as unit:
            made = register_application(
                unit,
                name=args["client_name"],
                redirect_uris=args["redirect_uris"],
                scopes=" ".join(args["scopes"]),
                website=args.get("website"),
            )
    except ApplicationRefused as refused:
        raise invalid(refused.field, str(refused)) from None
    return {
        **application_entity(made.application, call),
        "client_id": made.application.client_id,
        "client_secret": made.secret,
        "client_secret_expires_at": 0,
    }


async def verify_app(call: Call) -> Json:
    """Tell an application who it is by its token; one that was made for a script has none."""
    application_id = call.bearer.application_id if call.bearer is not None else None
    async with call.database.reading() as session:
        application = None if application_id is None else await session.get(Application, application_id)
    if application is None:
        raise NotFound
    return application_entity(application, call)


def application_entity(application: Application, call: Call) -> dict[str, Any]:
    """The application without its secret."""
    return {
        "id": str(application.id),
        "name": application.name,
        "website": application.website,
        "scopes": application.scopes.split(),
        "redirect_uri": "\n".join(application.redirect_uris),
        "redirect_uris": application.redirect_uris,
        "vapid_key": call.api.vapid_public_key,
    }


ENDPOINTS = (
    Endpoint(
        "POST",
        "/api/v1/apps",
        create_app,
        access=Access.ANYBODY,
        args=RegistrationArgs,
        returns="CredentialApplicationEntity",
        limit="registrations",
    ),
    Endpoint("GET", "/api/v1/apps/verify_credentials", verify_app, access=Access.APP, returns="ApplicationEntity"),
)
