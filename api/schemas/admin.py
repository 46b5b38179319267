"""What moderators send about accounts, reports, domains and figures (Mastodon 4.5 `Admin::*`)."""

from marshmallow import fields, validate

from api.schemas.fields import Args, Flag, Id, Several, Text, Whole, ids, one_of
from api.schemas.reports import CATEGORIES
from policy.roles import ROLES
from social.moderation import ACTIONS

MAX_DAYS = 366


class AdminPageArgs(Args):
    """A page: 100 by default, 200 at most."""

    limit = Whole(1, 200, load_default=100)
    max_id = Id()
    since_id = Id()
    min_id = Id()


class AdminAccountsArgs(AdminPageArgs):
    """Which accounts (v1): flags that narrow down when they are true."""

    local = Flag(load_default=False)
    remote = Flag(load_default=False)
    active = Flag(load_default=False)
    pending = Flag(load_default=False)
    disabled = Flag(load_default=False)
    silenced = Flag(load_default=False)
    suspended = Flag(load_default=False)
    sensitized = Flag(load_default=False)
    staff = Flag(load_default=False)
    username = Text(200)
    display_name = Text(200)
    by_domain = Text(300)
    email = Text(300)
    ip = Text(60)


class AdminAccountsV2Args(AdminPageArgs):
    """Which accounts (v2)."""

    origin = one_of("local", "remote")
    status = one_of("active", "pending", "disabled", "silenced", "suspended", "sensitized")
    permissions = one_of("staff")
    role_ids = Several(fields.String(validate=validate.OneOf([str(role.number) for role in ROLES.values()])))
    invited_by = Id()
    username = Text(200)
    display_name = Text(200)
    by_domain = Text(300)
    email = Text(300)
    ip = Text(60)


class ActionArgs(Args):
    """What to do; `warning_preset_id` and `send_email_notification` are taken and ignored: there is neither."""

    type = one_of(*ACTIONS, required=True)
    report_id = Id()
    text = Text(10_000, load_default="")


class ReportsArgs(AdminPageArgs):
    """Which reports: open ones unless `resolved`."""

    resolved = Flag(load_default=False)
    account_id = Id()
    target_account_id = Id()
    by_target_domain = Text(300)


class ReportEditArgs(Args):
    """What a report is about, as a moderator sees it."""

    category = one_of(*CATEGORIES)
    rule_ids = ids(most=50)


class DomainArgs(Args):
    """A domain."""

    domain = Text(300, required=True)


class DomainEditArgs(Args):
    """How a domain is refused: `suspend` is the one severity that there is."""

    KEEPS_EMPTY = frozenset({"private_comment", "public_comment"})

    severity = one_of("silence", "suspend", "noop")
    reject_media = Flag()
    reject_reports = Flag()
    obfuscate = Flag()
    private_comment = Text(2_000)
    public_comment = Text(2_000)


class DomainBlockArgs(DomainEditArgs):
    """A domain to be refused. Mastodon takes `silence` when nothing is said; here it is `suspend`."""

    domain = Text(300, required=True)


class PeriodArgs(Args):
    """From a day to a day, both included."""

    start_at = Text(40, required=True)
    end_at = Text(40, required=True)


class SubjectArgs(Args):
    """What a figure is about: a hashtag by `id`, another server by `domain`."""

    id = Id()
    domain = Text(300)
    include_subdomains = Flag(load_default=False)


class MeasuresArgs(PeriodArgs):
    """Which figures; those about a hashtag or a server have their subject under their own name."""

    keys = Several(fields.String(), most=20, required=True)
    tag_accounts = fields.Nested(SubjectArgs)
    tag_uses = fields.Nested(SubjectArgs)
    tag_servers = fields.Nested(SubjectArgs)
    instance_accounts = fields.Nested(SubjectArgs)
    instance_media_attachments = fields.Nested(SubjectArgs)
    instance_reports = fields.Nested(SubjectArgs)
    instance_statuses = fields.Nested(SubjectArgs)
    instance_follows = fields.Nested(SubjectArgs)
    instance_followers = fields.Nested(SubjectArgs)


class DimensionsArgs(PeriodArgs):
    """Which tables, and how long each."""

    keys = Several(fields.String(), most=20, required=True)
    limit = Whole(1, 100, load_default=10)
    tag_servers = fields.Nested(SubjectArgs)
    tag_languages = fields.Nested(SubjectArgs)
    instance_accounts = fields.Nested(SubjectArgs)
    instance_languages = fields.Nested(SubjectArgs)


class RetentionArgs(PeriodArgs):
    """Cohorts by day or by month."""

    frequency = one_of("day", "month", load_default="day")
