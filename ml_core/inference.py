"""From frames to the verdict with its evidence."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from ml_core import aggregation, engines
from ml_core.config import TRAINED_MODELS
from ml_core.datatypes import (
    MEMBERS,
    FaceDetection,
    FaceScore,
    Frame,
    FrameScore,
    Kind,
    MemberScore,
    Verdict,
)
from ml_core.errors import InferenceError
from ml_core.faces import FaceDetector, crop, deciding_tracks, track, twice, whole
from ml_core.scoring import Answers, Crops, EngineMaker, FaceLogits, Scorer, Stopwatch, best_engine
from ml_core.verdict import LABELS, Bands, disagreement

MAX_FACES = 256  # crops per media: a crowd must not hold a worker for minutes; the smallest people are left out
Stage = Callable[[str], None]


def _nothing(stage: str) -> None:
    """For callers who do not follow the stages."""


@dataclass(frozen=True, slots=True)
class Case:
    """The frames of one still or video, searched for faces, and the crops that the members are asked about.

    A still has two crops of each face (`faces.twice`), a video one.
    """

    kind: Kind
    frames: Sequence[Frame]
    faces: list[FaceDetection]
    crops: Crops
    watch: Stopwatch = field(default_factory=Stopwatch)


class Predictor:
    """One version on one device, ready to judge. The same frames give the same numbers."""

    def __init__(
        self,
        root: Path = TRAINED_MODELS,
        version: str | None = None,
        device: str | None = None,
        make_engine: EngineMaker = best_engine,
    ) -> None:
        """The champion by default; raises WeightsError, or InferenceError for a device that is not there."""
        chosen = engines.pick_device(device)
        self._scorer = Scorer(root, version, chosen, make_engine)
        self._detector = FaceDetector()
        self.version = self._scorer.version
        self.device = engines.device_name(chosen)

    @property
    def engine_names(self) -> dict[str, str]:
        """Which engine runs which member."""
        return self._scorer.engine_names

    def predict(self, frames: Sequence[Frame], kind: Kind, on_stage: Stage | None = None) -> Verdict:
        """The verdict on the frames of one still or video, in the order of time; raises InferenceError."""
        tell = on_stage or _nothing
        tell("faces")
        case = self.prepare(frames, kind)
        tell("models")
        return self._conclude(case, self._scorer.look(case.crops, case.watch))

    def predict_many(self, cases: Sequence[Case]) -> list[Verdict]:
        """The verdicts on prepared media, in their order, all crops in one go: faster. Raises InferenceError."""
        look = self._scorer.look(np.concatenate([case.crops for case in cases]), Stopwatch())
        ends = np.cumsum([len(case.crops) for case in cases])[:-1]
        parts = zip(cases, np.split(look.logits, ends), np.split(look.features, ends), strict=True)
        return [self._conclude(case, FaceLogits(logits, features)) for case, logits, features in parts]

    def prepare(self, frames: Sequence[Frame], kind: Kind) -> Case:
        """Finds the faces and cuts them out; raises InferenceError where there is no frame."""
        if not frames:
            raise InferenceError("there are no frames to judge")
        watch = Stopwatch()
        with watch.stage("faces"):
            faces = _scored_faces(track(self._detector.detect(frames)))
        with watch.stage("crops"):
            crops = _crops(frames, faces)
            return Case(kind, frames, faces, twice(crops) if kind == "image" else crops, watch)

    def _conclude(self, case: Case, look: FaceLogits) -> Verdict:
        look = look.mean_of(2) if case.kind == "image" else look
        if case.faces:
            return self._judge(case.frames, case.kind, case.faces, look, case.watch)
        return self._without_face(case.kind, case.frames, look, case.watch)

    def _judge(
        self, frames: Sequence[Frame], kind: Kind, faces: list[FaceDetection], look: FaceLogits, watch: Stopwatch
    ) -> Verdict:
        """Every face gets its own answer; the most suspicious person, followed over the frames, decides."""
        with watch.stage("gate"):
            p_fakes = [float(p) for p in self._scorer.fuse(look.logits).p_fake]
        may_decide = deciding_tracks(faces)
        means = aggregation.suspicion((face.track, p) for face, p in zip(faces, p_fakes, strict=True))
        decides = aggregation.most_suspicious(means, may_decide)
        rows = [i for i, face in enumerate(faces) if face.track == decides]
        answers = self._together(kind, look, rows, watch)
        by_index = {frame.index: frame for frame in frames}
        scores = tuple(
            _face_score(face, by_index[face.frame], p_fake, decides)
            for face, p_fake in zip(faces, p_fakes, strict=True)
        )
        suspects = [score for score in scores if score.track in may_decide]
        band = self._bands(answers).band(float(answers.p_fake[0]))
        return self._verdict(kind, band, answers, scores, _frame_scores(kind, frames, suspects), watch)

    def _without_face(self, kind: Kind, frames: Sequence[Frame], look: FaceLogits, watch: Stopwatch) -> Verdict:
        """The members' answer to the whole pictures is reported, but it does not count as a verdict."""
        answers = self._together(kind, look, range(len(frames)), watch)
        return self._verdict(kind, "not_applicable", answers, (), _frame_scores(kind, frames, []), watch)

    def _together(self, kind: Kind, look: FaceLogits, rows: Sequence[int], watch: Stopwatch) -> Answers:
        """One answer for one person's frames: a robust mean per image member, the LSTM on the sequence, the gate."""
        chosen = list(rows)
        course = None
        if kind == "video" and len(chosen) >= aggregation.LSTM_MIN_FRAMES:
            with watch.stage("lstm"):
                course = self._scorer.follow(look.features[chosen])
        with watch.stage("gate"):
            return self._scorer.fuse(aggregation.robust_means(look.logits[chosen])[None], course)

    def _verdict(
        self,
        kind: Kind,
        band: str,
        answers: Answers,
        faces: tuple[FaceScore, ...],
        frames: tuple[FrameScore, ...],
        watch: Stopwatch,
    ) -> Verdict:
        p_fake = float(answers.p_fake[0])
        return Verdict(
            kind=kind,
            label=LABELS[band],
            reason="no_face" if band == "not_applicable" else None,
            band=band,
            p_fake=p_fake,
            p_real=1.0 - p_fake,
            confidence=max(p_fake, 1.0 - p_fake),
            members=_member_scores(answers),
            faces=faces,
            frames=frames,
            model_version=self.version,
            device=self.device,
            elapsed_ms=round(sum(watch.stages.values()), 1),
            stages_ms={stage: round(time, 1) for stage, time in watch.stages.items()},
            thresholds=asdict(self._bands(answers)),
        )

    def _bands(self, answers: Answers) -> Bands:
        """The version's bands, further apart where its members are."""
        seen = [i for i, present in enumerate(answers.present) if present]
        scores = [(float(answers.members[0, i]), float(answers.weights[0, i])) for i in seen]
        return self._scorer.bands.widened(disagreement(scores))


def _scored_faces(faces: list[FaceDetection]) -> list[FaceDetection]:
    """All of them, as long as there are not more than MAX_FACES; of a crowd the people with the widest faces."""
    if len(faces) <= MAX_FACES:
        return faces
    widest: dict[int, float] = {}
    for face in faces:
        widest[face.track] = max(widest.get(face.track, 0.0), face.box[2] - face.box[0])
    ranked = sorted(faces, key=lambda face: (-widest[face.track], face.track, face.frame))
    kept = {(face.frame, face.track) for face in ranked[:MAX_FACES]}
    return [face for face in faces if (face.frame, face.track) in kept]


def _crops(frames: Sequence[Frame], faces: Sequence[FaceDetection]) -> Crops:
    """(N, 224, 224, 3): the faces, or where there are none the whole pictures."""
    if not faces:
        return np.stack([whole(frame.image) for frame in frames])
    images = {frame.index: frame.image for frame in frames}
    return np.stack([crop(images[face.frame], face.box) for face in faces])


def _face_score(face: FaceDetection, frame: Frame, p_fake: float, decides: int) -> FaceScore:
    """In pixels of the original, inside it."""
    height, width = (side * frame.scale for side in frame.image.shape[:2])
    left, top, right, bottom = (side * frame.scale for side in face.box)
    box = (max(0.0, left), max(0.0, top), min(width, right), min(height, bottom))
    return FaceScore(
        box=box,
        score=face.score,
        p_fake=p_fake,
        time=frame.time,
        frame=face.frame,
        track=face.track,
        decides=face.track == decides,
    )


def _frame_scores(kind: Kind, frames: Sequence[Frame], suspects: Sequence[FaceScore]) -> tuple[FrameScore, ...]:
    """A video's score over time: the most suspicious person of each frame among those who may decide."""
    if kind != "video":
        return ()
    highest: dict[int, float] = {}
    for face in suspects:
        highest[face.frame] = max(highest.get(face.frame, 0.0), face.p_fake)
    return tuple(FrameScore(frame.time or 0.0, highest.get(frame.index)) for frame in frames)


def _member_scores(answers: Answers) -> dict[str, MemberScore | None]:
    """Each member's own P(fake) and weight; None for one that was not asked."""
    return {
        name: MemberScore(float(answers.members[0, i]), float(answers.weights[0, i])) if answers.present[i] else None
        for i, name in enumerate(MEMBERS)
    }
