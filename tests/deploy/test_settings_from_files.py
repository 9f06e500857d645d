"""Secrets come as files: settings read them, and say what is wrong without saying what is secret."""

from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict
from redis.asyncio.connection import parse_url

import settings as settings_module
from settings import Settings, load_settings

KEY = "a key of thirty-two characters, or more"


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)  # another .env
    monkeypatch.setattr(settings_module, "load_settings", load_settings.__wrapped__)


def _file(folder: Path, text: str) -> str:
    path = folder / "secret"
    path.write_text(text)
    return str(path)


def _refusal() -> str:
    with pytest.raises(SystemExit) as refused:
        settings_module.load_settings()
    return str(refused.value)


# What a file may hold for the settings whose default says nothing, or is no text.
PEM = "-----BEGIN CERTIFICATE-----"
HELD = {
    "database_url": "postgresql://relance@db.example/relance",
    "redis_url": "redis://cache.example/0",
    "temporal_tls_ca": PEM,
    "temporal_tls_cert": PEM,
    "temporal_tls_key": PEM,
    "payload_keys": f"first:{'A' * 43}=",
    "public_url": "https://relance.example",
    "api_url": "https://relance.example",
    "worker_roles": "workflows sending",
    "worker_build_id": "2026.11.2",
    "meta_access_tokens": '{"106540352242922": "token"}',
    "alert_urls": "json://a.example",
}


def test_no_setting_refuses_to_come_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Each of them, all at once."""
    ours = {name: field for name, field in Settings.model_fields.items() if field.validation_alias is None}
    for name, field in ours.items():
        text = HELD.get(name) or (KEY if field.default is None else str(field.default))
        (tmp_path / name).write_text(text)
        monkeypatch.setenv(f"RELANCE_{name.upper()}_FILE", str(tmp_path / name))
    settings = Settings()
    assert settings.model_fields_set == set(ours)
    (token,) = settings.meta_access_tokens.values()
    assert token.get_secret_value() == "token"


def test_secrets_come_from_files_as_they_are_meant(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RELANCE_SUPPRESSION_KEY_FILE", _file(tmp_path, f"{KEY}\n"))
    (tmp_path / "urls").write_text("json://a.example\nmailtos://b.example\n")
    monkeypatch.setenv("RELANCE_ALERT_URLS_FILE", str(tmp_path / "urls"))
    settings = Settings()
    assert settings.suppression_key is not None
    assert settings.suppression_key.get_secret_value() == KEY
    assert [url.get_secret_value() for url in settings.alert_urls] == [
        "json://a.example",
        "mailtos://b.example",
    ]


def test_the_file_may_be_named_in_dotenv(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f"RELANCE_LOCAL_API_KEY_FILE={_file(tmp_path, KEY)}\n")
    key = Settings().local_api_key
    assert key is not None
    assert key.get_secret_value() == KEY


@pytest.mark.parametrize("password", ["plain", "p@ss/w:rd%#?"])
def test_the_password_of_the_database_goes_into_its_address(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, password: str
) -> None:
    """Whatever is in it: the drivers get it back as it was."""
    monkeypatch.setenv("RELANCE_DATABASE_URL", "postgresql://relance@db.example:5432/relance?sslmode=require")
    monkeypatch.setenv("RELANCE_DATABASE_PASSWORD_FILE", _file(tmp_path, password))
    monkeypatch.setenv("RELANCE_REDIS_URL", "rediss://cache.example/0")
    monkeypatch.setenv("RELANCE_REDIS_PASSWORD_FILE", _file(tmp_path, password))
    settings = Settings()
    understood = conninfo_to_dict(str(settings.database_url))
    assert (understood["password"], understood["host"], understood["sslmode"]) == (
        password,
        "db.example",
        "require",
    )
    assert parse_url(str(settings.redis_url))["password"] == password


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"RELANCE_LOCAL_API_KEY": KEY, "RELANCE_LOCAL_API_KEY_FILE": "/x"}, "unset one of them"),
        (
            {"RELANCE_LOCAL_API_KEY_FILE": "/no/such/file"},
            "RELANCE_LOCAL_API_KEY_FILE: /no/such/file cannot be read",
        ),
        ({"RELANCE_LOCAL_API_KEY_FILE": "/dev/null"}, "/dev/null is empty"),
        ({"RELANCE_LOCAL_API_KEY": "sesame"}, "RELANCE_LOCAL_API_KEY: Value should have at least 32"),
        ({"RELANCE_DATABASE_PASSWORD": "sesame"}, "RELANCE_DATABASE_URL, which has to be set"),
        (
            {"RELANCE_DATABASE_URL": "postgresql://a:b@c/d", "RELANCE_DATABASE_PASSWORD": "sesame"},
            "without a password",
        ),
        ({"RELANCE_TEMPORAL_TLS_KEY": "/etc/client.key"}, "named by the variable with _FILE"),
        ({"RELANCE_TEMPORAL_TLS_CERT": PEM}, "go together"),
        ({"RELANCE_META_ACCESS_TOKENS": "sesame"}, "RELANCE_META_ACCESS_TOKENS: not JSON such as"),
    ],
)
def test_what_is_wrong_is_one_sentence_without_the_secret(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], said: str
) -> None:
    """It ends up in the log of a container."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    refusal = _refusal()
    assert said in refusal
    assert "sesame" not in refusal
    assert KEY not in refusal
    assert "\n" not in refusal


def test_a_variable_that_nobody_set_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compose passes `${NAME:-}` on as an empty text."""
    monkeypatch.setenv("RELANCE_PUBLIC_URL", "")
    monkeypatch.setenv("RELANCE_ALERT_URLS", "")
    assert Settings().public_url is None
