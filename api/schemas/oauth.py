"""What clients send to register and to get tokens (RFC 6749, 7009; Mastodon 4.5)."""

from api.schemas.fields import Args, Several, Text

MAX_SECRET = 4_000


class RegistrationArgs(Args):
    """A client that registers itself; `redirect_uris` is one address, several on lines, or a list."""

    client_name = Text(1_000, load_default="")
    redirect_uris = Several(Text(100_000), most=50, load_default=list)
    scopes = Several(Text(MAX_SECRET), most=100, load_default=list)
    website = Text(2_000)


class TokenArgs(Args):
    """All that any grant takes; which of it a grant needs is said by the refusal."""

    grant_type = Text(200, load_default="")
    client_id = Text(MAX_SECRET)
    client_secret = Text(MAX_SECRET)
    code = Text(MAX_SECRET, load_default="")
    redirect_uri = Text(MAX_SECRET, load_default="")
    code_verifier = Text(MAX_SECRET, load_default="")
    refresh_token = Text(MAX_SECRET, load_default="")
    scope = Text(MAX_SECRET, load_default="")


class RevocationArgs(Args):
    """A token that is given back."""

    client_id = Text(MAX_SECRET)
    client_secret = Text(MAX_SECRET)
    token = Text(MAX_SECRET, load_default="")
    token_type_hint = Text(200)
