"""Every setting of Relance, from `RELANCE_*` variables or `.env`; nothing else reads the environment.

Every setting can come from a file too: `RELANCE_WASSENGER_TOKEN_FILE=/run/secrets/wassenger_token` instead of
`RELANCE_WASSENGER_TOKEN`, as the official images of databases do it.
"""

import json
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import quote, urlsplit, urlunsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from domain.alerts import Thresholds
from domain.payload_keys import read_payload_keys
from domain.run_settings import CATALOGUE, RunSettings, check
from domain.worker_roles import WorkerRole

_PREFIX = "RELANCE_"


class FileSource(PydanticBaseSettingsSource):
    """Settings whose variable with `_FILE` at its end names a file that holds them."""

    def __init__(self, settings_cls: type[BaseSettings], *given: PydanticBaseSettingsSource) -> None:
        super().__init__(settings_cls)
        self._variables: dict[str, str | None] = {}
        for source in given:
            if isinstance(source, EnvSettingsSource):
                self._variables |= source.env_vars

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002 - its interface
        """What the file holds, without white space around it; None when no file is named.

        Raises SettingsError when it cannot be read, is empty, or the setting is given in two ways.
        """
        variable = f"{_PREFIX}{field_name.upper()}"
        named = self._variables.get(f"{variable}_file".lower())
        if not named:
            return None, field_name, False
        if self._variables.get(variable.lower()):
            raise SettingsError(f"{variable} and {variable}_FILE are both set: unset one of them")
        try:
            text = Path(named).read_text().strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "not a text"
            raise SettingsError(f"{variable}_FILE: {named} cannot be read: {reason}") from None
        if not text:
            raise SettingsError(f"{variable}_FILE: {named} is empty")
        return text, field_name, False

    def __call__(self) -> dict[str, Any]:
        """Every setting for which a file is named."""
        fields = self.settings_cls.model_fields
        values = {name: self.get_field_value(field, name)[0] for name, field in fields.items()}
        return {name: value for name, value in values.items() if value is not None}


class Settings(BaseSettings):
    """Names carry their unit. An unset address means: use the embedded server."""

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX,
        env_file=".env",
        env_ignore_empty=True,  # what docker compose makes of a variable that nobody set
        extra="ignore",
        hide_input_in_errors=True,  # some are secrets, and errors are logged
    )

    data_dir: Path = Path(".relance")
    database_url: str | None = None
    database_password: SecretStr | None = None  # goes into the address, so that it can come from a file alone
    redis_url: str | None = None
    redis_password: SecretStr | None = None  # likewise
    temporal_address: str | None = None
    temporal_namespace: str = "default"
    temporal_tls: bool = False  # also without certificates of ours; a key or a certificate turns it on as well
    temporal_tls_ca: str | None = None  # PEM, as the next two: who signed the server's certificate
    temporal_tls_cert: str | None = None  # of this client, for mutual TLS
    temporal_tls_key: SecretStr | None = None
    temporal_tls_server_name: str | None = None  # in the server's certificate, where it is not the address
    temporal_api_key: SecretStr | None = None
    temporal_ui_url: str | None = None  # where people find the Temporal Web UI, for links
    # "id:base64 id:base64", 32 bytes each: encrypts what Temporal stores. The first encrypts, all decrypt.
    payload_keys: SecretStr | None = None

    # Where the embedded servers listen, on the loopback address.
    postgres_port: int = Field(default=5442, ge=1, le=65535)
    valkey_port: int = Field(default=6389, ge=1, le=65535)
    temporal_port: int = Field(default=7243, ge=1, le=65535)
    temporal_ui_port: int = Field(default=8243, ge=1, le=65535)
    sandbox_port: int = Field(default=9090, ge=1, le=65535)

    api_host: str = "127.0.0.1"
    api_port: int = Field(default=8080, ge=1, le=65535)
    public_url: str | None = None  # where the provider reaches the API; its webhooks go there
    api_url: str | None = None  # where the `relance` command reaches the API
    api_key: SecretStr | None = None  # what the `relance` command shows there
    # Lets the commands on the API's own machine do everything; the embedded stack makes one by itself.
    local_api_key: SecretStr | None = Field(default=None, min_length=32)
    metrics_key: SecretStr | None = Field(default=None, min_length=32)  # lets Prometheus read /metrics, no more

    # What this worker process does; together, the workers have to do all of it (domain/worker_roles.py).
    worker_roles: Annotated[list[WorkerRole], NoDecode] = Field(default=list(WorkerRole), min_length=1)
    # The version of this worker's code. With it, Temporal decides by version who gets a workflow's next step.
    worker_build_id: str | None = Field(default=None, min_length=1, max_length=100, pattern="^[A-Za-z0-9._-]+$")
    workflow_cache: int = Field(default=2000, ge=1)  # workflows that a worker keeps in memory, about 50 kB each

    wassenger_url: str = "https://api.wassenger.com"
    wassenger_token: SecretStr | None = None
    webhook_secret: SecretStr | None = None

    # Meta's Cloud API: a token for all its numbers, or JSON {"phone number id": "token"} for single ones.
    meta_url: str = "https://graph.facebook.com"
    meta_version: str = Field(default="v24.0", pattern=r"^v[0-9]+\.[0-9]+$")
    meta_access_token: SecretStr | None = None
    meta_access_tokens: Annotated[dict[str, SecretStr], NoDecode] = {}
    meta_app_secret: SecretStr | None = None  # signs its webhooks
    meta_verify_token: SecretStr | None = None  # of the handshake about the address of its webhooks
    # For so long a send with an unknown outcome waits for its status webhook; then it has failed, unknown.
    meta_status_patience_s: float = Field(default=600, ge=1)

    # Opt-outs of erased people are kept as hashes under this key; the embedded stack makes one by itself.
    suppression_key: SecretStr | None = Field(default=None, min_length=32)
    webhook_retention_days: float = Field(default=30, gt=0)  # raw webhooks that are worked off
    import_rejection_retention_days: float = Field(default=30, gt=0)
    test_send_retention_days: float = Field(default=30, gt=0)

    # These can be overridden while Relance runs (`relance settings`); what each means: domain/run_settings.py.
    profile: Literal["auto", "standard", "careful"] = "auto"
    delay_s: float = Field(default=5, ge=2, le=10)
    mature_delay_s: float = Field(default=3, ge=2, le=10)
    careful_delay_s: float = Field(default=22.5, ge=15, le=30)
    jitter: float = Field(default=0.4, ge=0, le=0.9)
    quota_per_day: int = Field(default=1000, ge=1)
    message_2_reserve: float = Field(default=0.2, ge=0, le=0.9)
    message_2_rate_per_s: float = Field(default=10, gt=0, le=1000)
    adaptive_from_contacts: int = Field(default=500, ge=1)
    error_threshold: float = Field(default=0.05, gt=0, le=1)
    night_starts: str = Field(default="23:00", pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$")
    night_ends: str = Field(default="06:00", pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$")
    timezone: str = "Europe/Paris"
    batch_size: int = Field(default=50, ge=25, le=100)
    batch_pause_s: float = Field(default=30, ge=0)
    window_s: float = Field(default=24 * 3600, gt=0)
    grace_s: float = Field(default=60, ge=0)
    max_age_s: float = Field(default=48 * 3600, gt=0)

    alert_urls: Annotated[list[SecretStr], NoDecode] = []  # where alerts go, as Apprise writes them
    alert_language: Literal["en", "fr"] = "en"
    # From when on people are told; what each means: domain/alerts.py.
    alert_down_s: float = Field(default=300, ge=6)  # longer than a heartbeat
    alert_quota_share: float = Field(default=0.8, gt=0, le=1)
    alert_webhook_silence_s: float = Field(default=1800, gt=0)
    alert_reminder_s: float = Field(default=4 * 3600, gt=0)
    alert_settle_s: float = Field(default=60, ge=0)
    send_attempts: int = Field(default=3, ge=1)
    retry_base_s: float = Field(default=4, gt=0)
    lookup_wait_s: float = Field(default=2, ge=0)
    latest_start_s: float = Field(default=3600, ge=0)  # a scheduled start that is later waits for a person
    upkeep_every_s: float = Field(default=3600, ge=60)  # looks for what was left behind
    upkeep_patience_s: float = Field(default=300, ge=0)  # what is younger may still come right by itself
    gateway_timeout_s: float = Field(default=10, gt=0)
    number_checks_per_minute: float = Field(default=15, gt=0, le=6000)  # "is it on WhatsApp?", of all workers
    default_country: str = Field(default="FR", pattern="^[A-Z]{2}$")

    log_level: str = "INFO"
    health_path: Path | None = None  # a worker that works touches it every few seconds
    # Where Prometheus finds the worker; 0: nowhere. The API answers /metrics on its own port.
    metrics_host: str = "127.0.0.1"
    metrics_port: int = Field(default=9464, ge=0, le=65535)
    # Traces, off without either: the standard variables, without our prefix. To the first, "/v1/traces" is
    # added.
    otlp_endpoint: str | None = Field(default=None, validation_alias="OTEL_EXPORTER_OTLP_ENDPOINT")
    otlp_traces_endpoint: str | None = Field(
        default=None, validation_alias="OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - its interface
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment wins over `.env`; files are named in either."""
        files = FileSource(settings_cls, dotenv_settings, env_settings)
        return init_settings, env_settings, dotenv_settings, files

    @field_validator("alert_urls", "worker_roles", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return value.split() if isinstance(value, str) else value

    @field_validator("meta_access_tokens", mode="before")
    @classmethod
    def _read_tokens(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except ValueError:
            raise ValueError('not JSON such as {"PHONE_NUMBER_ID": "token"}') from None

    @model_validator(mode="after")
    def _allow_what_an_override_may_be(self) -> Self:
        # A zone that does not exist shows at the start, not at the first night.
        for name in sorted(self.given_by_environment):
            check(name, getattr(self, name))
        return self

    @model_validator(mode="after")
    def _add_passwords(self) -> Self:
        self.database_url = _with_password(self.database_url, self.database_password, "DATABASE")
        self.redis_url = _with_password(self.redis_url, self.redis_password, "REDIS")
        return self

    @model_validator(mode="after")
    def _have_both_halves(self) -> Self:
        if (self.temporal_tls_cert is None) != (self.temporal_tls_key is None):
            raise ValueError("RELANCE_TEMPORAL_TLS_CERT and RELANCE_TEMPORAL_TLS_KEY go together: set both")
        return self

    @field_validator("temporal_tls_ca", "temporal_tls_cert", "temporal_tls_key")
    @classmethod
    def _is_pem(cls, value: str | SecretStr | None) -> str | SecretStr | None:
        text = value.get_secret_value() if isinstance(value, SecretStr) else value
        if text is not None and "-----BEGIN " not in text:
            raise ValueError("not in PEM format; a file is named by the variable with _FILE at its end")
        return value

    @field_validator("wassenger_url", "meta_url", "public_url", "api_url")
    @classmethod
    def _is_web_address(cls, value: str | None) -> str | None:
        # Credentials have settings of their own, which no log and no error shows.
        parts = urlsplit(value or "http://unset")
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username is not None:
            raise ValueError("not an address such as https://relance.example, without name and password")
        return value

    @field_validator("payload_keys")
    @classmethod
    def _open_keys(cls, value: SecretStr | None) -> SecretStr | None:
        read_payload_keys(value.get_secret_value() if value else "")
        return value

    @property
    def payload_keys_by_id(self) -> dict[str, bytes]:
        """The keys that encrypt what Temporal stores, the newest first."""
        return read_payload_keys(self.payload_keys.get_secret_value() if self.payload_keys else "")

    @property
    def traces_url(self) -> str | None:
        """Where traces go, path included; None: nowhere."""
        if self.otlp_traces_endpoint:
            return self.otlp_traces_endpoint
        return f"{self.otlp_endpoint.rstrip('/')}/v1/traces" if self.otlp_endpoint else None

    @property
    def run_settings(self) -> RunSettings:
        """The defaults of the settings that can be overridden while Relance runs."""
        values: dict[str, Any] = {name: check(name, getattr(self, name)) for name in CATALOGUE}
        return RunSettings(**values)

    @property
    def alert_thresholds(self) -> Thresholds:
        """From when on people are told."""
        return Thresholds(
            down_s=self.alert_down_s,
            quota_share=self.alert_quota_share,
            webhook_silence_s=self.alert_webhook_silence_s,
            reminder_s=self.alert_reminder_s,
            settle_s=self.alert_settle_s,
        )

    @property
    def given_by_environment(self) -> frozenset[str]:
        """Which of those somebody chose."""
        return frozenset(CATALOGUE.keys() & self.model_fields_set)

    @property
    def uses_temporal_tls(self) -> bool:
        """Whether connections to Temporal are encrypted."""
        given = (
            self.temporal_tls_ca,
            self.temporal_tls_cert,
            self.temporal_tls_server_name,
            self.temporal_api_key,
        )
        return self.temporal_tls or any(value is not None for value in given)

    @property
    def is_https(self) -> bool:
        """Whether people reach the API over TLS, so that their browsers may insist on it."""
        return self.public_url is not None and self.public_url.startswith("https://")

    @property
    def webhook_url(self) -> str | None:
        """Where the gateway's webhooks go, with the secret in it; None: it cannot reach us."""
        if self.public_url is None or self.webhook_secret is None:
            return None
        return f"{self.public_url.rstrip('/')}/webhooks/wassenger/{self.webhook_secret.get_secret_value()}"

    @property
    def has_meta(self) -> bool:
        """Whether messages can go through Meta's Cloud API."""
        return self.meta_access_token is not None or bool(self.meta_access_tokens)

    @property
    def meta_webhook(self) -> tuple[str, str] | None:
        """Where Meta's webhooks go, and the token of the handshake; None: something for them is not set."""
        if self.public_url is None or self.meta_verify_token is None or self.meta_app_secret is None:
            return None
        return f"{self.public_url.rstrip('/')}/webhooks/meta", self.meta_verify_token.get_secret_value()

    @property
    def effective_api_url(self) -> str:
        """The API's address as clients on this machine see it."""
        host = "127.0.0.1" if self.api_host in {"0.0.0.0", "::"} else self.api_host  # noqa: S104 - compared, not bound
        return self.api_url or f"http://{host}:{self.api_port}"


@cache
def load_settings() -> Settings:
    """The settings of this process, read once. What is wrong with them ends it, in a sentence for each."""
    try:
        return Settings()
    except SettingsError as error:
        raise SystemExit(str(error)) from None
    except ValidationError as error:
        raise SystemExit(
            "\n".join(_sentence(problem["loc"], problem["msg"]) for problem in error.errors())
        ) from None


def _sentence(location: tuple[int | str, ...], message: str) -> str:
    message = message.removeprefix("Value error, ")
    return f"{_PREFIX}{str(location[0]).upper()}: {message}" if location else message


def _with_password(url: str | None, password: SecretStr | None, what: str) -> str | None:
    if password is None:
        return url
    parts = urlsplit(url or "")
    if url is None or not parts.hostname or parts.password is not None:
        raise ValueError(
            f"RELANCE_{what}_PASSWORD goes into RELANCE_{what}_URL, which has to be set, without a password"
        )
    user, _, host = parts.netloc.rpartition("@")
    netloc = f"{user}:{quote(password.get_secret_value(), safe='')}@{host}"
    return urlunsplit(parts._replace(netloc=netloc))
