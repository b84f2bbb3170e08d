"""A whole training: members one after another, then the gate and the calibration on `val`, then a version folder.

Every stage leaves its result in the run's folder; a run that was cut off goes on from there.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from ml_core.checkpoints import load_version, pack, unpack
from ml_core.config import TRAINED_MODELS
from ml_core.datatypes import MEMBERS
from ml_core.models.member import Member
from ml_core.release import Release, write_release
from ml_core.training import gating, metrics
from ml_core.training.answers import Answers, ask
from ml_core.training.card import val_card
from ml_core.training.crops import CropCache
from ml_core.training.manifest import Item, at_most, digest, role
from ml_core.training.members import RANDOM, RECIPES, TRAINING_ORDER, Recipe, Start, train_image_member, with_steps
from ml_core.training.sequences import train_lstm
from ml_core.versions import Manifest, read_manifest, write_json

logger = logging.getLogger(__name__)

QUICK_EPOCHS = 5
QUICK_ITEMS = 100  # of each source, split and label


@dataclass(frozen=True, slots=True)
class Plan:
    """What to train on, how long, and where the results go. `steps` overrides the recipes, by member."""

    version: str
    items: Sequence[Item]
    folder: Path
    crops: Path
    root: Path = TRAINED_MODELS
    steps: Mapping[str, int] = field(default_factory=dict)
    init: Mapping[str, Path] = field(default_factory=dict)
    val_limit: int | None = None
    arguments: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    promote: bool = True
    parent: str | None = None  # the version whose weights are trained further

    def of(self, split: str) -> list[Item]:
        """The items of one role: of a split, with their share of the real-only photographs."""
        return [item for item in self.items if role(item) == split]


def quick(plan: Plan) -> Plan:
    """The same plan over at most 100 items of each kind, five epochs of each member."""
    items = at_most(plan.items, QUICK_ITEMS)
    count = sum(item.split == "train" for item in items)
    steps = {name: max(1, QUICK_EPOCHS * count // recipe.settings.batch) for name, recipe in RECIPES.items()}
    return replace(plan, items=items, steps={**steps, **plan.steps})


def train(plan: Plan) -> Manifest:
    """Runs the plan; returns the manifest of the new version. Raises ValueError where a split or class is missing."""
    return release(plan, train_members(plan))


def train_members(plan: Plan) -> dict[str, Member]:
    """The four members, each trained or read from the run's folder. Raises ValueError."""
    for split in ("train", "val"):
        if {item.fake for item in plan.of(split)} != {True, False}:
            raise ValueError(f"the split {split!r} needs both real and fake items: add some, or change the splits")
    cache = CropCache(plan.crops)
    train_items = plan.of("train")
    begin = starts(plan)
    members = {name: _image_member(plan, name, cache, begin[name]) for name in TRAINING_ORDER}
    lstm = _recipe(plan, "lstm"), train_items, members["resnext"], cache, _checkpoint(plan, "lstm"), begin["lstm"]
    return {**members, "lstm": train_lstm(*lstm)}


def starts(plan: Plan) -> dict[str, Start]:
    """Where each member begins: at the file that `init` names, else as in the parent version. Raises WeightsError."""
    parent = load_version(plan.root, plan.parent).members if plan.parent else {}
    inherited = {name: Start(state=member.state_dict()) for name, member in parent.items()}
    return {name: Start(plan.init[name]) if name in plan.init else inherited.get(name, RANDOM) for name in MEMBERS}


def release(plan: Plan, members: Mapping[str, Member]) -> Manifest:
    """Gate, calibration and bands on `val`, then the version folder; returns its manifest. For one process."""
    shipped = {name: as_shipped(name, member) for name, member in members.items()}
    val_items = at_most(plan.of("val"), plan.val_limit)
    answers = ask(shipped, val_items, CropCache(plan.crops), plan.folder)
    usable = answers.where(range(len(answers.items)))
    fitted = gating.fit(usable)
    figures = val_figures(usable, fitted)
    manifest = write_release(plan.root, _release(plan, shipped, fitted, figures), plan.promote)
    write_json(plan.root / plan.version / "card.json", val_card(manifest))
    return manifest


def _recipe(plan: Plan, name: str) -> Recipe:
    recipe = with_steps(RECIPES[name], plan.steps.get(name))
    return replace(recipe, arguments={**(recipe.arguments or {}), **plan.arguments.get(name, {})})


def _checkpoint(plan: Plan, name: str) -> Path:
    return plan.folder / f"{name}.safetensors"


def _image_member(plan: Plan, name: str, cache: CropCache, begin: Start) -> Member:
    return train_image_member(name, _recipe(plan, name), plan.items, cache, _checkpoint(plan, name), begin)


def as_shipped(name: str, member: Member) -> Member:
    """The member with the weights that a file can hold (float16, int8): gate and calibration must see those."""
    member.to("cpu").load_state_dict(unpack(pack(member.state_dict(), int8=name == "vit")), strict=True)
    return member.eval()


def val_figures(answers: Answers, fitted: gating.Fitted) -> dict[str, Any]:
    """AUC on `val` per source, for the ensemble and each member: chosen on these items, so only a first look."""
    p = fitted.calibration.p_fake(gating.fuse(fitted.gate, answers)[0])
    sources = np.array([item.source for item in answers.items])
    figures = {}
    for source in sorted(set(sources.tolist())):
        inside = sources == source
        row = {"items": int(inside.sum()), "ensemble": metrics.auc(answers.truth[inside], p[inside])}
        for index, name in enumerate(MEMBERS):
            seen = inside & answers.present[:, index]
            raw = answers.logits[seen, index].astype(np.float64)
            row[name] = metrics.auc(answers.truth[seen], raw[:, 1] - raw[:, 0])
        figures[source] = {key: None if np.isnan(value) else round(value, 4) for key, value in row.items()}
        logger.info("val %s %s", source, figures[source])
    return figures


def _release(plan: Plan, members: Mapping[str, Member], fitted: gating.Fitted, figures: Mapping[str, Any]) -> Release:
    recipes = {name: _recipe(plan, name) for name in MEMBERS}
    before = read_manifest(plan.root, plan.parent)["data"].get("steps", {}) if plan.parent else {}
    arguments = {name: dict(recipe.arguments or {}) for name, recipe in recipes.items()}
    data = {
        "sha256": digest(plan.items),
        "train_items": len(plan.of("train")),
        "sources": sorted({item.source for item in plan.of("train")}),
        "steps": {name: before.get(name, 0) + recipe.settings.steps for name, recipe in recipes.items()},
        "batch": {name: recipe.settings.batch for name, recipe in recipes.items()},
    }
    return Release(
        plan.version,
        members,
        fitted.gate,
        fitted.calibration,
        fitted.bands,
        arguments,
        data=data,
        metrics={"val_auc": figures, "gate_shape": fitted.shape},
        parent=plan.parent,
    )
