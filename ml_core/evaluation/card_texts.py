"""The words of the model card. Figures never stand here: they come from score files."""

INTRODUCTION = """\
Written by `python -m ml_core card` from the score files of `python -m ml_core evaluate`: no figure is typed by hand.
One answer an item, a still or a whole clip, exactly as the product gives it. In brackets: 95 % intervals of the
bootstrap over groups (1000 draws). Decisions "at 0.5" are on P(fake); "shipped" are the words that a person reads.
"""

TEST = (
    "Other items of the sources that were trained on, split by person or original. Such figures flatter every "
    "detector: the next section says more about the world."
)
NOTHING_HELD_OUT = (
    "None was scored for this version: every source at hand is in the training. Expect less than the tables above on "
    "other cameras, generators and data sets, and measure it on your own: `manage.py evaluate MANIFEST`."
)
HELD_OUT = "Other data sets, other cameras, other generators: the best guess at what happens in the world."
REAL_ONLY = (
    "Photographs that come without fakes. No photograph counted here was trained on, nor used to choose a threshold; "
    "other photographs of these sources were, as material for pseudo-fakes, where the version trains on them."
)
MEMBERS = (
    "The gate weighs the members item by item; the plain mean of the members' logits stands beside it. Where it is as "
    "good, the gate has not earned its place. Where a member's AUC is near 0.5 its bar on the result page says nothing."
)
FAMILIES = "The fakes of each family against all real items of their source."
SIZES = "In pixels of the original, over all sources of the test splits together."
TIERS = (
    "The same items, changed before the detector sees them: JPEG of quality 60, half size, both, blur, a screenshot, "
    "H.264 once more (a still as a clip of one picture)."
)
VAL = "Gate, temperature and bands were fitted here, so these figures are no evidence. They show what the choice saw."
TARGETS = "The first column of the project's targets; a dash says that it was not measured."
BRIEF = (
    "The brief that this project began from names accuracies for the four members and for the ensemble, on no named "
    "data. Ours, at 0.5, are the mean of the sources' balanced accuracies, on the data of this card: the columns "
    "cannot be compared, and the brief's cannot be checked."
)

LIMITS = (
    "It was trained on face swaps (DFDC, FaceForensics++), one GAN (StyleGAN) and Photoshop composites. Diffusion "
    "models, today's swap tools, lip-sync and talking heads are not in the data: expect it to miss them.",
    "Edits outside the face, cloned voices, wrong captions and staged scenes are not what it looks at.",
    "Dark, small, turned or blurred faces are judged badly; heavy recompression moves the score.",
    "DFDC's actors recur across its videos, and DFDC labels whole videos: its own test split flatters and holds some "
    "wrong labels. There are few clips: the figures for them have wide intervals.",
    "The CNN, the ResNeXt-50 and the LSTM started from random weights and little data: most of the evidence is the "
    "ViT's.",
)
TERMS = (
    "DFDC: competition terms, research. FaceForensics++: non-commercial research. FFHQ and CIPLAB: CC BY-NC-SA. The "
    "two sets of real photographs alone: terms unknown. The weights are therefore for research use only; retrain on "
    "your own data before any commercial use.",
    "The ViT started from OpenAI's CLIP ViT-B/16 (MIT).",
)
COMMANDS = (
    "With the manifests of the research data (not part of the repository). `--limit N` and `--tier-limit N` take the "
    "same N items of each source, split and label every time: the tables say on how many items each figure rests.",
    "```\n"
    "python manage.py evaluate faces.csv clips.csv --split val test real_only \\\n"
    "    --tiers all --tier-split test --tier-limit 60\n"
    "python -m ml_core card var/evaluations/VERSION --out docs/model_card.md\n"
    "```",
)
