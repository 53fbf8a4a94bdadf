"""The whole application in this process, every layer around it, over adapters in memory; nothing runs beside it."""

from dataclasses import replace
from pathlib import Path

from litestar.types import ASGIApp

from application.adapters import Adapters
from interfaces.bootstrap.container import Container
from interfaces.bootstrap.http import build_app
from interfaces.bootstrap.production import build_parts
from interfaces.bootstrap.settings import Settings


def whole_app(tmp_path: Path, adapters: Adapters, **settings: str) -> ASGIApp:
    """`settings` as in the environment."""
    read = Settings.read({"DATA_DIR": str(tmp_path / "whole app")} | settings)
    return build_app(read, Container(replace(build_parts(read), adapters=adapters)))
