"""What moderators get: accounts, reports, domains, figures (Mastodon 4.5 `Admin::*`)."""

from marshmallow import fields

from api.answers.accounts import AccountEntity, RoleEntity
from api.answers.fields import Entity, IdString, Timestamp, list_of, nested, nullable, required
from api.answers.instance import RuleEntity
from api.answers.problems import ErrorEntity
from api.answers.statuses import StatusEntity
from api.answers.trends import TrendLinkEntity, TrendTagEntity


class AdminAccountEntity(Entity):
    """Admin::Account."""

    id = required(IdString)
    username = required(fields.String)
    domain = nullable(fields.String)
    created_at = required(Timestamp)
    email = nullable(fields.String)
    ip = nullable(fields.String)
    confirmed = required(fields.Boolean)
    suspended = required(fields.Boolean)
    silenced = required(fields.Boolean)
    sensitized = required(fields.Boolean)
    disabled = required(fields.Boolean)
    approved = required(fields.Boolean)
    locale = nullable(fields.String)
    invite_request = nullable(fields.String)
    ips = fields.List(fields.Dict(), required=True)
    account = nested(AccountEntity)
    role = nested(RoleEntity, allow_none=True)


class AdminReportEntity(Entity):
    """Admin::Report."""

    id = required(IdString)
    action_taken = required(fields.Boolean)
    action_taken_at = nullable(Timestamp)
    category = required(fields.String)
    comment = required(fields.String)
    forwarded = required(fields.Boolean)
    created_at = required(Timestamp)
    updated_at = required(Timestamp)
    account = nested(AdminAccountEntity)
    target_account = nested(AdminAccountEntity)
    assigned_account = nested(AdminAccountEntity, allow_none=True)
    action_taken_by_account = nested(AdminAccountEntity, allow_none=True)
    statuses = list_of(StatusEntity)
    rules = list_of(RuleEntity)


class DomainAllowEntity(Entity):
    """Admin::DomainAllow."""

    id = required(IdString)
    domain = required(fields.String)
    created_at = required(Timestamp)


class AdminDomainBlockEntity(Entity):
    """Admin::DomainBlock."""

    id = required(IdString)
    domain = required(fields.String)
    digest = required(fields.String)
    created_at = required(Timestamp)
    severity = required(fields.String)
    reject_media = required(fields.Boolean)
    reject_reports = required(fields.Boolean)
    private_comment = nullable(fields.String)
    public_comment = nullable(fields.String)
    obfuscate = required(fields.Boolean)


class BlockRefusedEntity(ErrorEntity):
    """Why a domain can't be blocked: with the block that there is already."""

    existing_domain_block = nested(AdminDomainBlockEntity, required=False)


class DayEntity(Entity):
    """A day of a figure."""

    date = required(Timestamp)
    value = required(fields.String)


class MeasureEntity(Entity):
    """Admin::Measure."""

    key = required(fields.String)
    unit = nullable(fields.String)
    total = required(fields.String)
    human_value = fields.String()
    previous_total = fields.String()
    data = list_of(DayEntity)


class DimensionRowEntity(Entity):
    """A row of a table."""

    key = required(fields.String)
    human_key = required(fields.String)
    value = required(fields.String)
    unit = fields.String()
    human_value = fields.String()


class DimensionEntity(Entity):
    """Admin::Dimension."""

    key = required(fields.String)
    data = list_of(DimensionRowEntity)


class CohortDayEntity(Entity):
    """How many of a cohort came back: a share, and a number in a string."""

    date = required(Timestamp)
    rate = required(fields.Float)
    value = required(fields.String)


class CohortEntity(Entity):
    """Admin::Cohort."""

    period = required(Timestamp)
    frequency = required(fields.String)
    data = list_of(CohortDayEntity)


class AdminTagEntity(TrendTagEntity):
    """Admin::Tag: nothing waits for a review here."""

    trendable = required(fields.Boolean)
    usable = required(fields.Boolean)
    requires_review = required(fields.Boolean)
    listable = required(fields.Boolean)


class AdminLinkEntity(TrendLinkEntity):
    """Admin::Trends::Link."""

    id = required(IdString)
    requires_review = required(fields.Boolean)


class AdminStatusEntity(StatusEntity):
    """Admin::Trends::Status."""

    requires_review = required(fields.Boolean)
