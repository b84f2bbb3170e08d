"""`manage.py register_frozen_sets`: held-out data that no training may read. `setup` calls it with --missing."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from learning.registry.errors import RegistryError
from learning.registry.frozen import default_manifests, register_defaults, register_missing, register_set
from learning.registry.models import FrozenSet
from ml_core.training.manifest import SPLITS


class Command(BaseCommand):
    help = "Freeze the splits val, test and real_only of CSV manifests, or one split as a set of its own (--name)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("manifests", nargs="*", type=Path, help="By default DEEPFAKE_FROZEN, or data/*.csv.")
        parser.add_argument("--name", help="One set of this name instead of the usual ones.")
        parser.add_argument("--split", choices=SPLITS, default="test")
        parser.add_argument("--role", choices=FrozenSet.Role.values, default=FrozenSet.Role.HOLDOUT)
        parser.add_argument("--tier", default="as_is")
        parser.add_argument("--limit", type=int, help="Score at most N items of each source and label.")

        parser.add_argument("--missing", action="store_true", help="Only sets that are not registered; never fails.")

    def handle(self, *args: Any, **options: Any) -> None:
        manifests = options["manifests"] or default_manifests()
        if options["missing"]:
            for sentence in register_missing(manifests):
                self.stdout.write(sentence)
            return
        try:
            made = self._register(manifests, options)
        except (RegistryError, ValueError, OSError) as error:
            raise CommandError(str(error)) from error
        for row in made:
            self.stdout.write(f"{row.name}: {row.items.count()} items, {row.get_role_display()}")

    def _register(self, manifests: list[Path], options: dict[str, Any]) -> list[FrozenSet]:
        if not options["name"]:
            return register_defaults(manifests)
        if len(manifests) != 1:
            raise CommandError("--name wants exactly one manifest.")
        chosen = {key: options[key] for key in ("tier", "limit")}
        return [register_set(options["name"], manifests[0], options["split"], options["role"], **chosen)]
