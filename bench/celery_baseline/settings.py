"""What the processes of the baseline are told by their environment."""

from pydantic_settings import BaseSettings, SettingsConfigDict


class BaselineSettings(BaseSettings):
    """Times in seconds. The defaults are those of the documents; a run of a minute shortens some of them."""

    model_config = SettingsConfigDict(env_prefix="BASELINE_")

    database_url: str
    redis_url: str
    gateway_url: str
    gateway_token: str = "sandbox-token"  # noqa: S105 - the sandbox's, which is no secret
    gateway_timeout_s: float = 3.0
    webhook_secret: str
    # Leaves out what a good engineer adds where the documents show something else: see docs/chaos.md.
    as_written: bool = False
    port: int = 0
    retry_base_s: float = 1.0
    lock_s: float = 300.0
    check_every_s: float = 3600.0
    # A pending message whose time was over so long ago has lost its task: it gets a new one.
    lost_after_s: float = 300.0
    resume_every_s: float = 60.0
    # Longer than any ETA, or Redis hands the same task out again while a worker waits with it.
    visibility_timeout_s: float = 3600.0


SETTINGS = BaselineSettings()
