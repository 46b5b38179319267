"""The story: a day on which three offices find out what they have in common. Only words and names; nothing here runs.

Everybody has followers in all three offices, so that whatever is public has to arrive in each of them.
"""

from server.demo.acts import Act, Boost, Favourite, Follow, Vote
from server.demo.apps import FavouriteFromApp, PostFromApp, SignIn
from server.demo.community import Ban, Host, Moderate, PostIn
from server.demo.network import FollowTopic, PostInside
from server.demo.posts import Delete, Edit, Post

PLACES = ("Miradouro de São Pedro", "Online, cada um com o seu copo")

STORY: tuple[Act, ...] = (
    Follow("ana", ("bruno", "clara", "diego", "ines")),
    Follow("diego", ("ana", "ines", "jonas")),
    Follow("lucia", ("ana", "ines", "heike")),
    Follow("bruno", ("ana", "clara", "ines")),
    Follow("ines", ("bruno", "ana", "jonas", "diego")),
    Follow("tiago", ("bruno", "heike", "ana")),
    Follow("clara", ("ana", "bruno", "jonas", "ines")),
    Follow("jonas", ("clara", "ana", "diego", "ines")),
    Follow("heike", ("clara", "tiago", "bruno")),
    Post(
        "ana",
        "list",
        "Desde hoy las tres oficinas comparten una sola lista de revisión: menos correos y menos devoluciones. "
        "¿Qué le falta? #calidad #innovación",
    ),
    Post(
        "bruno",
        "photo",
        "@ana Falta uma foto da etiqueta! Em Lisboa, metade das devoluções vem daí. #calidad",
        mentions=("ana",),
        reply_to="list",
    ),
    Post(
        "clara",
        "label",
        "@bruno Mit dem neuen Etikettendrucker lösen wir das: Ich bestelle zwei, einen für euch. #calidad #einkauf",
        mentions=("bruno",),
        reply_to="photo",
    ),
    Favourite("diego", "list"),
    Favourite("clara", "list"),
    Favourite("tiago", "photo"),
    Favourite("ana", "label"),
    Boost("clara", "list"),
    Boost("ines", "list"),
    Boost("ana", "label"),
    Post(
        "ines",
        "party",
        "Quinta-feira, 18:30: o primeiro afterwork das três oficinas. Onde? #afterwork #cultura",
        poll=PLACES,
    ),
    Vote("ana", "party", PLACES[0]),
    Vote("jonas", "party", PLACES[0]),
    Vote("bruno", "party", PLACES[1]),
    Post("jonas", "vpn", "Das VPN ist heute ab 18:00 Uhr für eine Stunde weg. #it"),
    Edit("vpn", "Das VPN ist heute erst ab 20:00 Uhr für eine Stunde weg: genießt den #afterwork. #it"),
    Post("diego", "slip", "Oferta para Kranz & Söhne: ¿alguien tiene la última versión? #ventas"),
    Delete("slip"),
    Post(
        "clara", "team", "Nur für alle, die mir folgen: Am Montag bringe ich Franzbrötchen mit.", audience="followers"
    ),
    Post(
        "lucia",
        "welcome",
        "@ines ¿Grabamos el viernes la bienvenida para los nuevos de Lisboa?",
        audience="mentioned",
        mentions=("ines",),
    ),
    Post(
        "bruno",
        "quote",
        "É assim que se partilha o que funciona: uma lista, três oficinas. #innovación #calidad",
        quote="list",
    ),
    SignIn(("lucia", "ines", "heike")),
    PostFromApp("ines", "photos", "As fotos do afterwork estão no álbum. #afterwork", to="lucia"),
    FavouriteFromApp("lucia", "photos"),
    Post("lucia", "guide", "La guía para los primeros días, ahora también en portugués. #bienvenida"),
    Post("heike", "badge", "Wer neu ist, holt sich den Hafenausweis am Tor 3. #bienvenida"),
    FollowTopic("ines", "bienvenida", ("guide", "badge")),
    PostInside("ines", "cake", "Há bolo na copa do segundo andar."),
    Host("heike", "hafen", "Rund um den Hafen", members=("lucia", "ines")),
    PostIn("ines", "crane", "hafen", "Amanhã o guindaste 4 está parado. #porto", readers=("ines", "lucia", "heike")),
    PostIn("lucia", "detour", "hafen", "¿También por la tarde?", readers=("ines", "lucia", "heike"), reply_to="crane"),
    PostIn("lucia", "bicycle", "hafen", "Vendo bicicleta, casi nueva.", readers=("ines", "lucia", "heike")),
    Moderate("heike", "remove", "bicycle", "hafen", "Kein Flohmarkt", readers=("ines", "heike")),
    Moderate("heike", "lock", "crane", "hafen", "Der Kran läuft wieder", readers=("ines", "lucia", "heike")),
    Ban("heike", "lucia", "hafen", "Zum dritten Mal"),
    Host("heike", "zoll", "Zoll intern", members=("ines",), is_private=True),
    PostIn("ines", "customs", "zoll", "O processo 17 ficou retido em Bremerhaven.", readers=("ines", "heike")),
)
