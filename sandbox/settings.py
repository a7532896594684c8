"""The settings the sandbox shares with the programs it plays against. The only module here that reads the
environment (and `.env`); it must not know any other setting.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

Port = Annotated[int, Field(ge=1, le=65535)]
FITS = {
    "sandbox_port": "a port from 1 to 65535",
    "callback_port": "a port from 1 to 65535",
    "sandbox_bind": "127.0.0.1 or 0.0.0.0",
    "data_dir": "a folder",
    "mode": "sandbox or live",
}


class SettingsWrong(Exception):
    """A setting cannot be used; the text names each one and the cure."""


class Settings(BaseSettings):
    """Ports on 127.0.0.1: ours, and that of the receiver; who reaches the phone; the clock's folder; the mode."""

    model_config = SettingsConfigDict(
        env_prefix="SIGNUP_", env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True
    )

    sandbox_port: Port = 8503
    callback_port: Port = 8502
    sandbox_bind: Literal["127.0.0.1", "0.0.0.0"] = "127.0.0.1"  # noqa: S104  a phone of another machine meets a code
    data_dir: Path = Path("data")
    mode: Literal["sandbox", "live"] = "sandbox"

    @property
    def callback_url(self) -> str:
        """Where callbacks go unless the command line says otherwise."""
        return f"http://127.0.0.1:{self.callback_port}/truecaller/callback"


def load() -> Settings:
    """Read them all; raises SettingsWrong with all problems in one line."""
    try:
        settings = Settings()
    except ValidationError as error:
        names = [str(problem["loc"][0]) for problem in error.errors()]
        raise SettingsWrong("; ".join(f"SIGNUP_{name.upper()} must be {FITS[name]}" for name in names)) from None
    if settings.mode == "live":
        raise SettingsWrong("SIGNUP_MODE is live, and the sandbox plays to no real people: set it to sandbox")
    return settings
