"""The settings the sandbox shares with the programs it plays against. The only module here that reads the
environment (and `.env`); it must not know any other setting.
"""

from typing import Annotated, Literal

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

Port = Annotated[int, Field(ge=1, le=65535)]
FITS = {
    "sandbox_port": "a port from 1 to 65535",
    "callback_port": "a port from 1 to 65535",
    "sandbox_bind": "127.0.0.1 or 0.0.0.0",
}


class SettingsWrong(Exception):
    """A setting cannot be used; the text names each one and the cure."""


class Settings(BaseSettings):
    """Ports on 127.0.0.1: ours, and that of the receiver which gets the callbacks; who reaches the phone."""

    model_config = SettingsConfigDict(
        env_prefix="SIGNUP_", env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True
    )

    sandbox_port: Port = 8503
    callback_port: Port = 8502
    sandbox_bind: Literal["127.0.0.1", "0.0.0.0"] = "127.0.0.1"  # noqa: S104  a phone of another machine meets a code

    @property
    def callback_url(self) -> str:
        """Where callbacks go unless the command line says otherwise."""
        return f"http://127.0.0.1:{self.callback_port}/truecaller/callback"


def load() -> Settings:
    """Read them all; raises SettingsWrong with all problems in one line."""
    try:
        return Settings()
    except ValidationError as error:
        names = [str(problem["loc"][0]) for problem in error.errors()]
        raise SettingsWrong("; ".join(f"SIGNUP_{name.upper()} must be {FITS[name]}" for name in names)) from None
