"""The first line of a push, in the language of its reader. `{name}` is who caused it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

DEFAULT_LOCALE: Final = "en"
TITLES: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "en": MappingProxyType(
            {
                "mention": "{name} mentioned you",
                "status": "{name} just posted",
                "reblog": "{name} boosted your post",
                "follow": "{name} follows you now",
                "follow_request": "{name} wants to follow you",
                "favourite": "{name} liked your post",
                "poll": "A poll by {name} has ended",
                "update": "{name} edited a post",
                "quote": "{name} quoted your post",
                "quoted_update": "{name} edited a post that you quoted",
                "admin.sign_up": "{name} is new here",
                "admin.report": "{name} sent a report",
                "moderation_warning": "You have received a warning",
                "severed_relationships": "Some of your follows have ended",
            }
        ),
        "es": MappingProxyType(
            {
                "mention": "{name} te ha mencionado",
                "status": "{name} acaba de publicar",
                "reblog": "{name} ha compartido tu publicación",
                "follow": "{name} te sigue ahora",
                "follow_request": "{name} quiere seguirte",
                "favourite": "A {name} le gusta tu publicación",
                "poll": "Ha terminado una encuesta de {name}",
                "update": "{name} ha editado una publicación",
                "quote": "{name} ha citado tu publicación",
                "quoted_update": "{name} ha editado una publicación que citaste",
                "admin.sign_up": "Ha llegado {name}",
                "admin.report": "{name} ha enviado una denuncia",
                "moderation_warning": "Has recibido una advertencia",
                "severed_relationships": "Algunos de tus seguimientos han terminado",
            }
        ),
    }
)


def push_title(locale: str, kind: str, name: str) -> str:
    """The title for a kind of notification; English where the language isn't one of ours."""
    titles = TITLES.get(locale.partition("-")[0].lower(), TITLES[DEFAULT_LOCALE])
    return titles.get(kind, "{name}").replace("{name}", name)
