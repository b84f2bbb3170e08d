"""`manage.py export_model NAME`: a version as one signed file, or its members as ONNX."""

import subprocess
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from learning.registry import folders
from learning.registry.archive_export import export_version
from learning.registry.errors import RegistryError
from learning.registry.selectors import version_named
from ml_core.config import PROJECT_ROOT
from ml_core.errors import WeightsError


class Command(BaseCommand):
    help = "Write a version to NAME.zip for another installation (import_model), or its members and gate as ONNX files."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--out", type=Path, help="The file, with --onnx the folder (NAME.zip, NAME-onnx).")
        parser.add_argument("--onnx", action="store_true", help="ONNX: one file for each member and one for the gate.")

    def handle(self, *args: Any, **options: Any) -> None:
        name = options["name"]
        try:
            version = version_named(name)
            if options["onnx"]:
                self._onnx(name, (options["out"] or Path(f"{name}-onnx")).resolve())
                return
            target = export_version(version, options["out"] or Path(f"{name}.zip"))
        except (RegistryError, WeightsError, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{target} ({target.stat().st_size} bytes)")

    def _onnx(self, name: str, out: Path) -> None:
        """In a process of its own, as everything that loads weights."""
        where = ["--models", str(folders.root()), "--out", str(out)]
        command = [sys.executable, "-m", "ml_core.onnx_export", *where, "--", name]
        done = subprocess.run(command, cwd=PROJECT_ROOT, capture_output=True, text=True)  # noqa: S603
        if done.returncode:
            raise CommandError(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "It failed.")
        self.stdout.write(done.stdout.strip())
