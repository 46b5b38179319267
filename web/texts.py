"""Every sentence that people read on our pages, in every language that we speak.

One table: key → (English, Spanish). Values in braces are filled in by the caller; the result is text, which templates
escape. A key ending in `.one` or `.many` belongs to a count (`Texts.count`). An unknown key is a KeyError: a test
renders every page in every language.
"""

from collections.abc import Mapping
from typing import Final

LANGUAGES: Final = ("en", "es")
DEFAULT_LANGUAGE: Final = "en"

TEXTS: Final[Mapping[str, tuple[str, str]]] = {
    # The frame around every page.
    "skip": ("Skip to content", "Ir al contenido"),
    "nav": ("Main navigation", "Navegación principal"),
    "home": ("Home", "Inicio"),
    "notifications": ("Notifications", "Notificaciones"),
    "unread.one": ("{n} unread", "{n} sin leer"),
    "unread.many": ("{n} unread", "{n} sin leer"),
    "profile": ("Profile", "Perfil"),
    "sign_in": ("Sign in", "Iniciar sesión"),
    "sign_out": ("Sign out", "Cerrar sesión"),
    "about_office": ("An office of the network", "Una oficina de la red"),
    "powered": ("Tertulia, where colleagues meet to talk", "Tertulia, donde los colegas se reúnen a conversar"),
    "contact": ("Write to the administrators", "Escribir a la administración"),
    # Signing in.
    "login": ("E-mail or user name", "Correo o nombre de usuario"),
    "password": ("Password", "Contraseña"),
    "sign_in_lead": ("For the people of {office}.", "Para las personas de {office}."),
    "sign_in_wrong": (
        "Wrong e-mail or password. Check both and try again.",
        "Correo o contraseña incorrectos. Revísalos e inténtalo de nuevo.",
    ),
    "sign_in_slow": (
        "Too many attempts. Please wait a moment and try again.",
        "Demasiados intentos. Espera un momento y vuelve a intentarlo.",
    ),
    "sign_in_help": (
        "Accounts are made by the administrators of your office.",
        "Las cuentas las crea la administración de tu oficina.",
    ),
    "closed_title": ("This is for colleagues", "Esto es para colegas"),
    "closed_lead": (
        "You have reached {office}, an office of a closed network. What people write here is shown to them alone.",
        "Has llegado a {office}, una oficina de una red cerrada. Lo que aquí se escribe solo lo ven sus miembros.",
    ),
    "closed_action": ("Sign in to read on", "Inicia sesión para seguir leyendo"),
    "welcome_title": ("Where {office} talks", "Donde conversa {office}"),
    "welcome_lead": (
        "News, questions, projects and afterworks of all our offices, in one place and among colleagues.",
        "Noticias, preguntas, proyectos y afterworks de todas nuestras oficinas, en un solo lugar y entre colegas.",
    ),
    # Timelines.
    "older": ("Older posts", "Publicaciones anteriores"),
    "newest": ("Back to the newest", "Volver a lo más reciente"),
    "timeline": ("Timeline", "Cronología"),
    "home_empty_title": ("It is quiet here, for now", "Aquí hay silencio, por ahora"),
    "home_empty": (
        "Follow a few colleagues and what they write will appear here. Or write the first post yourself.",
        "Sigue a algunos colegas y lo que escriban aparecerá aquí. O escribe tú la primera publicación.",
    ),
    "colleagues": ("People of this office", "Personas de esta oficina"),
    "end_title": ("You have read everything", "Lo has leído todo"),
    "end": ("There is nothing older here.", "No hay nada anterior."),
    # Posts.
    "boosted_by": ("{name} boosted", "{name} impulsó"),
    "in_reply_to": ("In reply to {name}", "En respuesta a {name}"),
    "in_reply_to_self": ("Continues their own thread", "Continúa su propio hilo"),
    "in_reply_to_unknown": ("In reply to a post that is not here", "En respuesta a una publicación que no está aquí"),
    "in_community": ("In {name}", "En {name}"),
    "edited": ("edited", "editada"),
    "edited_at": ("Edited {when}", "Editada {when}"),
    "warning": ("Content warning", "Aviso de contenido"),
    "sensitive": ("Sensitive content", "Contenido delicado"),
    "read_more": ("Show", "Mostrar"),
    "quote": ("Quoted post", "Publicación citada"),
    "quote_hidden": ("The quoted post can't be shown.", "La publicación citada no se puede mostrar."),
    "original": ("Original post on {host}", "Publicación original en {host}"),
    "attachments": ("Attachments", "Adjuntos"),
    "image": ("Image", "Imagen"),
    "video": ("Video", "Vídeo"),
    "audio": ("Audio", "Audio"),
    "file": ("File", "Archivo"),
    "on_host": ("on {host}", "en {host}"),
    "no_description": ("no description", "sin descripción"),
    "event_when": ("When", "Cuándo"),
    "event_where": ("Where", "Dónde"),
    "visibility": ("Who can read this", "Quién puede leerlo"),
    "visibility_public": ("Public", "Pública"),
    "visibility_unlisted": ("Unlisted", "Sin listar"),
    "visibility_private": ("Followers", "Seguidores"),
    "visibility_direct": ("People mentioned", "Personas mencionadas"),
    "visibility_limited": ("A few people", "Algunas personas"),
    "reply": ("Reply", "Responder"),
    "replies.one": ("{n} reply", "{n} respuesta"),
    "replies.many": ("{n} replies", "{n} respuestas"),
    "boost": ("Boost", "Impulsar"),
    "unboost": ("Undo boost", "Deshacer impulso"),
    "boosts.one": ("{n} boost", "{n} impulso"),
    "boosts.many": ("{n} boosts", "{n} impulsos"),
    "favourite": ("Favourite", "Favorito"),
    "unfavourite": ("Remove favourite", "Quitar favorito"),
    "favourites.one": ("{n} favourite", "{n} favorito"),
    "favourites.many": ("{n} favourites", "{n} favoritos"),
    "open_thread": ("Open the conversation", "Abrir la conversación"),
    "delete": ("Delete", "Eliminar"),
    "delete_sure": ("Delete it here and everywhere", "Eliminarla aquí y en todas partes"),
    "more": ("More", "Más"),
    # Polls.
    "poll": ("Poll", "Encuesta"),
    "poll_several": ("Choose one or more", "Elige una o varias"),
    "poll_one": ("Choose one", "Elige una"),
    "vote": ("Vote", "Votar"),
    "votes.one": ("{n} vote", "{n} voto"),
    "votes.many": ("{n} votes", "{n} votos"),
    "voters.one": ("{n} person voted", "Votó {n} persona"),
    "voters.many": ("{n} people voted", "Votaron {n} personas"),
    "poll_closed": ("The poll is closed", "La encuesta está cerrada"),
    "poll_ends": ("Open until {when}", "Abierta hasta {when}"),
    "your_vote": ("Your vote", "Tu voto"),
    # Writing.
    "compose": ("Write a post", "Escribir una publicación"),
    "compose_hint": ("What would you like to share?", "¿Qué te gustaría compartir?"),
    "reply_to": ("Reply to {name}", "Responder a {name}"),
    "add_warning": ("Content warning", "Aviso de contenido"),
    "warning_label": ("What readers should know first", "Lo que conviene saber antes"),
    "publish": ("Publish", "Publicar"),
    "compose_empty": ("There is no text to publish yet.", "Todavía no hay texto que publicar."),
    "compose_long": (
        "The text is longer than {n} characters: shorten it a little.",
        "El texto tiene más de {n} caracteres: acórtalo un poco.",
    ),
    "compose_failed": ("It was not published", "No se ha publicado"),
    # Threads.
    "thread": ("Conversation", "Conversación"),
    "thread_of": ("{name}: {text}", "{name}: {text}"),
    "post_by": ("Post by {name}", "Publicación de {name}"),
    "earlier_hidden": (
        "What came before is not here, or not for you.",
        "Lo anterior no está aquí, o no es para ti.",
    ),
    "answers": ("Replies", "Respuestas"),
    "no_answers": ("No replies yet.", "Aún no hay respuestas."),
    "long_thread": ("This is a part of a long conversation.", "Esto es parte de una larga conversación."),
    # Profiles.
    "posts.one": ("{n} post", "{n} publicación"),
    "posts.many": ("{n} posts", "{n} publicaciones"),
    "followers.one": ("{n} follower", "{n} seguidor"),
    "followers.many": ("{n} followers", "{n} seguidores"),
    "following.one": ("follows {n}", "sigue a {n}"),
    "following.many": ("follows {n}", "sigue a {n}"),
    "follow": ("Follow", "Seguir"),
    "unfollow": ("Unfollow", "Dejar de seguir"),
    "follow_asked": ("Withdraw request", "Retirar solicitud"),
    "follows_you": ("Follows you", "Te sigue"),
    "it_is_you": ("This is you", "Eres tú"),
    "bot": ("Automated", "Automática"),
    "group": ("Community", "Comunidad"),
    "locked": ("Approves followers", "Aprueba seguidores"),
    "moved": ("{name} has moved to another account", "{name} se ha mudado a otra cuenta"),
    "home_page": ("Profile on {host}", "Perfil en {host}"),
    "pinned": ("Pinned", "Fijada"),
    "profile_empty_title": ("Nothing written yet", "Nada escrito todavía"),
    "profile_empty": (
        "What {name} writes, and you may read, will be here.",
        "Aquí estará lo que {name} escriba y tú puedas leer.",
    ),
    "profile_empty_you": (
        "Introduce yourself: what do you work on, and what do you like to talk about?",
        "Preséntate: ¿en qué trabajas y de qué te gusta hablar?",
    ),
    "follow_refused": (
        "This account can't be followed from here.",
        "No es posible seguir a esta cuenta desde aquí.",
    ),
    # Topics.
    "tag_lead": (
        "What colleagues have written about this, newest first.",
        "Lo que los colegas han escrito sobre esto, primero lo más reciente.",
    ),
    "tag_empty_title": ("An empty shelf", "Un estante vacío"),
    "tag_empty": (
        "Nobody has written about {tag} yet. Use it in a post and the topic begins.",
        "Nadie ha escrito aún sobre {tag}. Úsala en una publicación y el tema empieza.",
    ),
    # Finding people.
    "find": ("Find people", "Buscar personas"),
    "find_label": ("Find a colleague", "Buscar a un colega"),
    "find_hint": ("name or name@office", "nombre o nombre@oficina"),
    "find_button": ("Find", "Buscar"),
    "find_results": ("Results for “{text}”", "Resultados para «{text}»"),
    "find_none_title": ("Nobody found", "No se encontró a nadie"),
    "find_none": (
        "No colleague we know is called “{text}”. For somebody of another office write name@office.",
        "No conocemos a nadie llamado «{text}». Si es de otra oficina, escribe nombre@oficina.",
    ),
    "find_failed": (
        "{text} could not be found. Check the name of the office, and that it is a peer of ours.",
        "No se pudo encontrar a {text}. Comprueba el nombre de la oficina y que esté conectada con la nuestra.",
    ),
    "find_slow": (
        "That was a lot of searching. Please wait a moment.",
        "Han sido muchas búsquedas. Espera un momento.",
    ),
    "find_start": (
        "Search by name in this office, or by name@office in the others.",
        "Busca por nombre en esta oficina, o por nombre@oficina en las demás.",
    ),
    # Notifications.
    "notice_mention": ("{name} mentioned you", "{name} te mencionó"),
    "notice_follow": ("{name} follows you", "{name} te sigue"),
    "notice_follow_request": ("{name} would like to follow you", "{name} quiere seguirte"),
    "notice_favourite": ("{name} liked your post", "A {name} le gustó tu publicación"),
    "notice_reblog": ("{name} boosted your post", "{name} impulsó tu publicación"),
    "notice_poll": ("A poll by {name} has ended", "Una encuesta de {name} ha terminado"),
    "notice_update": ("{name} edited a post that you boosted", "{name} editó una publicación que impulsaste"),
    "notice_quote": ("{name} quoted your post", "{name} citó tu publicación"),
    "notice_status": ("{name} has posted", "{name} ha publicado"),
    "notice_move": ("{name} has moved", "{name} se ha mudado"),
    "notice_other": ("Something happened with {name}", "Hay novedades de {name}"),
    "notices_empty_title": ("All quiet", "Todo tranquilo"),
    "notices_empty": (
        "When somebody mentions you, follows you or likes what you wrote, you will read it here.",
        "Cuando alguien te mencione, te siga o le guste lo que escribes, lo leerás aquí.",
    ),
    "older_notices": ("Older notifications", "Notificaciones anteriores"),
    "new": ("New", "Nueva"),
    "accept": ("Accept", "Aceptar"),
    "decline": ("Decline", "Rechazar"),
    # What goes wrong.
    "missing_title": ("There is nothing here", "Aquí no hay nada"),
    "missing": (
        "This page doesn't exist, or it isn't for you. The address may have a typing mistake.",
        "Esta página no existe, o no es para ti. Quizá haya un error en la dirección.",
    ),
    "gone_title": ("This is gone", "Esto ya no está"),
    "gone": ("It was deleted by whoever had made it.", "Lo eliminó quien lo había creado."),
    "form_title": ("That didn't work", "No ha funcionado"),
    "form_stale": (
        "The form was too old, or didn't come from this page. Go back, load the page anew, and try again.",
        "El formulario era demasiado antiguo o no venía de esta página. Vuelve atrás, recarga e inténtalo de nuevo.",
    ),
    "form_malformed": ("The form could not be read.", "No se pudo leer el formulario."),
    "vote_refused": ("This vote can't be counted: {why}.", "Este voto no puede contarse: {why}."),
    "not_allowed": ("You can't do that with this post.", "No puedes hacer eso con esta publicación."),
    "back_home": ("Back to the start", "Volver al inicio"),
    # Times.
    "now": ("now", "ahora"),
    "minutes": ("{n} min", "{n} min"),
    "hours": ("{n} h", "{n} h"),
    "days": ("{n} d", "{n} d"),
    "date": ("{day} {month} {year}", "{day} {month} {year}"),
    "moment": ("{date}, {time} UTC", "{date}, {time} UTC"),
    "months": (
        "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
        "ene feb mar abr may jun jul ago sep oct nov dic",
    ),
}  # fmt: skip


class Texts:
    """The sentences in one language."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._column = LANGUAGES.index(language)

    def __call__(self, key: str, **values: object) -> str:
        """The text of a key, with values filled in."""
        text = TEXTS[key][self._column]
        return text.format(**values) if values else text

    def count(self, key: str, n: int) -> str:
        """The text for a number of things: `1 reply`, `2 replies`."""
        return self(f"{key}.one" if n == 1 else f"{key}.many", n=self.number(n))

    def number(self, n: int) -> str:
        """A number with separated thousands."""
        separator = "," if self.language == "en" else "\u202f"
        return f"{n:,}".replace(",", separator)
