"""Pseudo-fakes from real photographs: what a manipulation leaves behind, without any manipulation tool.

* Self-blended images, after Shiohara & Yamasaki, "Detecting Deepfakes with Self-Blended Images" (CVPR 2022): a changed
  copy of a face (colour, sharpness, size, place) is blended into the face itself with a deformed mask.
* Swaps, after Li et al., "Face X-ray for More General Face Forgery Detection" (CVPR 2020): another person's face,
  laid over by its landmarks and matched in colour, is blended in with the same masks.

The mask is the hull of a mean face, laid over the five landmarks. Both pictures of a pair go through the same
augmentation afterwards. Pictures are (H, W, 3) uint8 RGB, landmarks (5, 2) in pixels: eyes, nose, corners of the mouth.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ml_core.datatypes import Picture

Points = NDArray[np.float32]
Mask = NDArray[np.float32]

# A mean face in a square of side one: the five landmarks, and the outline from temple to temple, then over the brows.
MEAN_LANDMARKS: Points = np.array([(0.34, 0.46), (0.66, 0.46), (0.50, 0.64), (0.37, 0.82), (0.63, 0.82)], np.float32)
JAW = [(0.20, 0.49), (0.21, 0.64), (0.25, 0.79), (0.33, 0.90), (0.43, 0.98), (0.50, 1.00)]
BROWS = [(0.25, 0.36), (0.36, 0.32), (0.45, 0.35), (0.50, 0.37)]
CHEEKS = [(0.22, 0.55), (0.30, 0.52), (0.50, 0.50)]


def _both_sides(half: Sequence[tuple[float, float]]) -> Points:
    """The left half of an outline and its mirror image."""
    left = np.array(half, np.float32)
    return np.concatenate([left, left * (-1, 1) + (1, 0)]).astype(np.float32)


HULLS: tuple[Points, ...] = (_both_sides(JAW + BROWS), _both_sides(JAW + CHEEKS), _both_sides(JAW[:4] + BROWS))


@dataclass(frozen=True, slots=True)
class Blend:
    """One way of blending; the same for all frames of a clip, which differ by their jitter alone."""

    hull: int
    deformation: float  # of the mask, as a share of the side
    softness: float  # of its edge, likewise
    strength: float  # 1 = the inner face is replaced altogether
    gain: Points  # (3,) of the channels
    lift: Points  # (3,)
    detail: float  # < 1: softer by resizing to this share; > 1: sharpened by so much
    scale: float
    shift: Points  # (2,) share of the side
    change_target: bool  # the surrounding changes instead of the face


def draw(rng: np.random.Generator) -> Blend:
    """A way of blending at random, in the ranges of the paper."""
    return Blend(
        hull=int(rng.integers(len(HULLS))),
        deformation=float(rng.uniform(0.01, 0.05)),
        softness=float(rng.uniform(0.01, 0.06)),
        strength=float(rng.choice([0.4, 0.6, 0.8, 1.0, 1.0, 1.0])),
        gain=rng.uniform(0.93, 1.07, 3).astype(np.float32) * np.float32(rng.uniform(0.9, 1.1)),
        lift=rng.uniform(-8, 8, 3).astype(np.float32),
        detail=float(rng.choice([rng.uniform(0.3, 0.7), 1.0, rng.uniform(1.2, 2.0)])),
        scale=float(rng.uniform(0.95, 1.05)),
        shift=rng.uniform(-0.03, 0.03, 2).astype(np.float32),
        change_target=bool(rng.random() < 0.5),
    )


def self_blend(picture: Picture, landmarks: Points, rng: np.random.Generator) -> tuple[Picture, Picture]:
    """A real picture → (real, pseudo-fake), which differ in the face's inner part."""
    blend = draw(rng)
    target, face = (_changed(picture, blend), picture) if blend.change_target else (picture, _changed(picture, blend))
    return target, _blended(target, face, landmarks, blend, rng)


def self_blend_clip(frames: Picture, landmarks: Points, rng: np.random.Generator) -> Picture:
    """(T, H, W, 3) of one real person, (T, 5, 2) → the pseudo-fake clip: one blend, its place trembling per frame."""
    blend = draw(rng)
    pairs = zip(frames, landmarks, strict=True)
    return np.stack([_blended(frame, _changed(frame, blend), marks, blend, rng) for frame, marks in pairs])


def swap(
    target: Picture, landmarks: Points, donor: Picture, donor_landmarks: Points, rng: np.random.Generator
) -> Picture:
    """The donor's inner face laid over the target's by landmarks, in the target's colours."""
    blend = draw(rng)
    height, width = target.shape[:2]
    matrix = similarity(donor_landmarks, landmarks)
    laid = np.asarray(cv2.warpAffine(donor, matrix, (width, height), borderMode=cv2.BORDER_REFLECT_101), np.uint8)
    return _blended(target, _in_colours_of(target, laid, landmarks), landmarks, blend, rng)


def overlay(target: Picture, face: Picture, landmarks: Points, rng: np.random.Generator) -> Picture:
    """The inner face of another rendering of the same picture, in its place."""
    mask = face_mask(target.shape, landmarks, draw(rng), rng)[..., None]
    return np.asarray(np.clip(face * mask + target * (1 - mask), 0, 255), np.uint8)


def similarity(source: Points, target: Points) -> NDArray[np.float64]:
    """(2, 3) least-squares scaling, rotation and shift that takes the points of `source` to those of `target`."""
    rows, values = [], []
    for (x, y), (u, v) in zip(source, target, strict=True):
        rows += [(x, -y, 1, 0), (y, x, 0, 1)]
        values += [u, v]
    a, b, x, y = np.linalg.lstsq(np.array(rows, np.float64), np.array(values, np.float64), rcond=None)[0]
    return np.array([(a, -b, x), (b, a, y)])


def face_mask(shape: tuple[int, ...], landmarks: Points, blend: Blend, rng: np.random.Generator) -> Mask:
    """(H, W) in 0..strength: the hull over the landmarks, deformed, with a soft edge."""
    side = shape[0]
    matrix = similarity(MEAN_LANDMARKS, landmarks)
    outline = HULLS[blend.hull] @ matrix[:, :2].T + matrix[:, 2]
    outline = outline + rng.normal(0, 0.012 * side, outline.shape)
    mask = np.zeros(shape[:2], np.float32)
    cv2.fillConvexPoly(mask, cv2.convexHull(outline.astype(np.int32)), 1.0)
    mask = _elastic(mask, blend.deformation * side, rng)
    soft = cv2.GaussianBlur(mask, (0, 0), max(0.6, blend.softness * side))
    return np.asarray(np.clip(soft * rng.uniform(1.0, 1.3), 0, 1) * blend.strength, np.float32)


def _blended(target: Picture, face: Picture, landmarks: Points, blend: Blend, rng: np.random.Generator) -> Picture:
    mask = face_mask(target.shape, landmarks, blend, rng)[..., None]
    moved = _moved(face, blend, rng).astype(np.float32)
    return np.asarray(np.clip(moved * mask + target * (1 - mask), 0, 255), np.uint8)


def _changed(picture: Picture, blend: Blend) -> Picture:
    """Colour and sharpness as another camera would have given them."""
    coloured = np.asarray(np.clip((picture - 128.0) * blend.gain + 128 + blend.lift, 0, 255), np.uint8)
    if blend.detail == 1:
        return coloured
    height, width = picture.shape[:2]
    share = min(blend.detail, 0.6)
    small = cv2.resize(coloured, (round(width * share), round(height * share)), interpolation=cv2.INTER_AREA)
    soft = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
    if blend.detail < 1:
        return np.asarray(soft, np.uint8)
    return np.asarray(cv2.addWeighted(coloured, blend.detail, soft, 1 - blend.detail, 0), np.uint8)


def _moved(face: Picture, blend: Blend, rng: np.random.Generator) -> Picture:
    """A little larger or smaller, a little beside; the jitter is what makes a clip tremble."""
    side = face.shape[0]
    matrix: Any = cv2.getRotationMatrix2D((side / 2, side / 2), float(rng.normal(0, 0.6)), blend.scale)
    matrix[:, 2] += blend.shift * side + rng.normal(0, 0.003 * side, 2)
    return np.asarray(cv2.warpAffine(face, matrix, (side, side), borderMode=cv2.BORDER_REFLECT_101), np.uint8)


def _elastic(mask: Mask, strength: float, rng: np.random.Generator) -> Mask:
    """The mask through a smooth random field of shifts of about `strength` pixels."""
    height, width = mask.shape
    coarse = rng.normal(0, strength, (2, 6, 6)).astype(np.float32)
    field = [cv2.resize(part, (width, height), interpolation=cv2.INTER_CUBIC) for part in coarse]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    return np.asarray(cv2.remap(mask, x + field[0], y + field[1], cv2.INTER_LINEAR), np.float32)


def _in_colours_of(target: Picture, face: Picture, landmarks: Points) -> Picture:
    """Mean and spread of each channel as in the target, measured around the landmarks (Reinhard et al., 2001)."""
    left, top = np.clip(landmarks.min(axis=0), 0, None).astype(int)
    right, bottom = landmarks.max(axis=0).astype(int) + 1
    want, have = (part[top:bottom, left:right].reshape(-1, 3).astype(np.float32) for part in (target, face))
    if not len(want):
        return face
    spread = want.std(axis=0) / np.maximum(have.std(axis=0), 1.0)
    return np.asarray(np.clip((face - have.mean(axis=0)) * spread + want.mean(axis=0), 0, 255), np.uint8)
