"""People, labs, who belongs where, what they agreed to, and what we told them."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone

from core.ids import PublicIdField
from core.models import Event


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save()
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        return self.create_user(email, password, **{"is_staff": True, "is_superuser": True, **fields})

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email__iexact=username)


class User(AbstractBaseUser, PermissionsMixin):
    """One login. It may be expert and lab member at once; ops are `is_staff`."""

    public_id = PublicIdField(prefix="usr")
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120, help_text="Your full name, as on your documents")
    time_zone = models.CharField(max_length=40, default="UTC")
    shortcuts = models.BooleanField(default=True, help_text="Single-key shortcuts in the workbench")
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    withheld = ArrayField(
        models.CharField(max_length=24), default=list, blank=True
    )  # rights of ops that this one lacks
    date_joined = models.DateTimeField(default=timezone.now)

    objects: ClassVar[UserManager] = UserManager()

    token: ApiToken | None = None  # set by the API's authentication: narrows what this request may do

    EMAIL_FIELD = "email"
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar = ["name"]

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(Lower("email"), name="one_user_per_address")]

    def __str__(self) -> str:
        return self.name or self.email


class Role(models.TextChoices):
    """What a member is in a lab. What each may do stands in accounts/roles.py."""

    OWNER = "owner"
    MANAGER = "manager"
    REVIEWER = "reviewer"


class LabQuerySet(models.QuerySet["Lab"]):
    def visible_to(self, user: User) -> LabQuerySet:
        if user.token is not None:
            return self.filter(memberships__user=user, api_tokens=user.token)
        return self if user.is_staff else self.filter(memberships__user=user)


class Lab(models.Model):
    """An organisation that posts and funds projects. Ops confirm who it is before it can open one."""

    class Status(models.TextChoices):
        PENDING = "pending"
        CONFIRMED = "confirmed"
        REFUSED = "refused"

    NOUN = "lab"
    TRANSITIONS: ClassVar[dict[str, set[str]]] = {
        Status.PENDING: {Status.CONFIRMED, Status.REFUSED},
        Status.REFUSED: {Status.CONFIRMED},
        Status.CONFIRMED: set(),
    }

    public_id = PublicIdField(prefix="lab")
    name = models.CharField(max_length=120)
    website = models.URLField()
    country = models.CharField(max_length=2)  # ISO 3166-1 alpha-2: whose public holidays stop its clocks
    time_zone = models.CharField(max_length=40, default="UTC")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PENDING)
    created_at = models.DateTimeField(default=timezone.now)
    members = models.ManyToManyField(User, through="Membership", related_name="labs")

    objects = LabQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    lab = models.ForeignKey(Lab, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role.choices)
    since = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["lab", "user"], name="member_once")]

    def __str__(self) -> str:
        return f"{self.user}, {self.role} of {self.lab}"


class MemberInvite(models.Model):
    class Status(models.TextChoices):
        SENT = "sent"
        ACCEPTED = "accepted"
        REVOKED = "revoked"
        EXPIRED = "expired"

    NOUN = "member_invite"
    TRANSITIONS: ClassVar[dict[str, set[str]]] = {
        Status.SENT: {Status.ACCEPTED, Status.REVOKED, Status.EXPIRED},
        Status.ACCEPTED: set(),
        Status.REVOKED: set(),
        Status.EXPIRED: set(),
    }

    public_id = PublicIdField(prefix="inv")
    lab = models.ForeignKey(Lab, on_delete=models.CASCADE, related_name="invites")
    email = models.EmailField()
    role = models.CharField(max_length=10, choices=Role.choices)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.SENT)
    invited_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    expires_at = models.DateTimeField()
    accepted_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                "lab", Lower("email"), condition=models.Q(status="sent"), name="one_open_invite_per_address"
            )
        ]

    def __str__(self) -> str:
        return f"{self.email} to {self.lab}"


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def visible_to(self, user: User) -> ApiTokenQuerySet:
        """One's own, and those of the labs one owns."""
        owned = Lab.objects.filter(memberships__user=user, memberships__role=Role.OWNER)
        return self.filter(models.Q(user=user) | models.Q(lab__in=owned))


class ApiToken(models.Model):
    """A key for the API, scoped to one lab or to one expert's own work. Only its digest is kept."""

    public_id = PublicIdField(prefix="key")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    lab = models.ForeignKey(Lab, null=True, blank=True, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=80)
    digest = models.CharField(max_length=64, unique=True, editable=False)  # SHA-256, hex
    created_at = models.DateTimeField(default=timezone.now)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = ApiTokenQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name


class IdempotentReply(models.Model):
    """What a POST with an `Idempotency-Key` answered, so that its retry answers the same and does nothing."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=120)
    request_sha256 = models.CharField(max_length=64)  # method, path and body
    status = models.PositiveSmallIntegerField(null=True)  # null: the first request is still at work
    body = models.JSONField(null=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name_plural = "idempotent replies"
        constraints: ClassVar = [models.UniqueConstraint(fields=["user", "key"], name="one_reply_per_key")]

    def __str__(self) -> str:
        return self.key


class AgreementKind(models.TextChoices):
    TERMS = "terms", "Expert terms"
    NDA = "nda", "Non-disclosure agreement"
    DATA_LICENCE = "data_licence", "Data licence and IP assignment"


class Agreement(models.Model):
    """One version of one agreement. A published text never changes; a new version is a new row."""

    public_id = PublicIdField(prefix="agr")
    kind = models.CharField(max_length=20, choices=AgreementKind.choices)
    version = models.PositiveIntegerField()
    title = models.CharField(max_length=120)
    text = models.TextField()  # Markdown
    published_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["kind", "version"], name="agreement_version_once")]

    def __str__(self) -> str:
        return f"{self.title}, version {self.version}"


class Consent(models.Model):
    """One act of accepting a set of agreement versions for one purpose (`scope`: a public id such as `prj_…`)."""

    public_id = PublicIdField(prefix="con")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="consents")
    scope = models.CharField(max_length=40)
    agreements = models.ManyToManyField(Agreement, related_name="consents")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["user", "scope"])]

    def __str__(self) -> str:
        return f"{self.user} for {self.scope}"


class Notice(models.Model):
    """Something a person waits for, told in-app and by e-mail. One per person and event."""

    public_id = PublicIdField(prefix="ntc")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="notices")
    event = models.ForeignKey(Event, null=True, on_delete=models.PROTECT, related_name="+")
    title = models.CharField(max_length=160)
    body = models.TextField(blank=True)
    url = models.CharField(max_length=200, blank=True)  # path on this site
    created_at = models.DateTimeField(default=timezone.now)
    read_at = models.DateTimeField(null=True, blank=True)
    mailed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["user", "event"], name="notice_once_per_event")]
        indexes: ClassVar = [
            models.Index(fields=["user", "-id"]),
            models.Index(fields=["id"], condition=models.Q(mailed_at__isnull=True), name="notice_unmailed"),
        ]

    def __str__(self) -> str:
        return self.title
