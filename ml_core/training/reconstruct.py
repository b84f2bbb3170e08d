"""Pseudo-fakes of a generator: a real photograph as a small autoencoder gives it back.

What a GAN or a diffusion model's decoder leaves in a picture comes from how it makes a large picture out of a small
one. Three autoencoders with the three usual ways (transposed convolution, nearest neighbour and convolution, pixel
shuffle: Odena et al., "Deconvolution and Checkerboard Artifacts", Distill 2016; Shi et al., CVPR 2016) are trained on
real crops alone; what they give back has the content of the photograph and the traces of a generator. Such
reconstructions stand in for generators that the data lacks, as in Chen et al., "DRCT" (ICML 2024).
"""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, get_args

import cv2
import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional

from ml_core.datatypes import Picture
from ml_core.training.engine import autocast

logger = logging.getLogger(__name__)

Upsampler = Literal["transposed", "nearest", "shuffle"]
UPSAMPLERS: tuple[Upsampler, ...] = get_args(Upsampler)
STEPS, BATCH, PATCH, RATE = 300, 16, 96, 2e-3
OWN_COLOURS = 6.0  # pixels: what is coarser than this stays the photograph's, so that no colour cast is the label
EDGES = 1.0  # weight of the error of the gradients beside that of the pixels: without it the pictures are soft


class AutoEncoder(nn.Module):
    """(B, 3, S, S) in -1..1 → the same, through a sixth of the numbers; S a multiple of four."""

    def __init__(self, upsampler: Upsampler, width: int = 32, latent: int = 8) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            *_layer(3, width), *_layer(width, 2 * width, stride=2), *_layer(2 * width, 2 * width, stride=2),
            nn.Conv2d(2 * width, latent, 3, padding=1),
        )  # fmt: skip
        self.decoder = nn.Sequential(
            *_layer(latent, 2 * width), *_larger(upsampler, 2 * width, width), *_larger(upsampler, width, width),
            nn.Conv2d(width, 3, 3, padding=1),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        """The picture as it comes back."""
        y: Tensor = self.decoder(self.encoder(x))
        return y


def _layer(inside: int, outside: int, stride: int = 1) -> list[nn.Module]:
    return [nn.Conv2d(inside, outside, 3, stride, padding=1), nn.SiLU()]


def _larger(upsampler: Upsampler, inside: int, outside: int) -> list[nn.Module]:
    """Twice the side, in one of the three ways."""
    if upsampler == "transposed":
        return [nn.ConvTranspose2d(inside, outside, 3, stride=2, padding=1, output_padding=1), nn.SiLU()]
    if upsampler == "nearest":
        return [nn.Upsample(scale_factor=2), *_layer(inside, outside)]
    return [nn.Conv2d(inside, 4 * outside, 3, padding=1), nn.PixelShuffle(2), nn.SiLU()]


class Reconstructors:
    """The trained autoencoders; one of them at random gives a picture back."""

    def __init__(self, models: Sequence[AutoEncoder]) -> None:
        self.models = [model.eval() for model in models]

    def reconstruct(self, picture: Picture, rng: np.random.Generator) -> Picture:
        """(H, W, 3) uint8, sides multiples of four → the same size, with a generator's traces."""
        model = self.models[int(rng.integers(len(self.models)))]
        with torch.inference_mode():
            given = to_pictures(model(to_inputs(picture[None])))[0].astype(np.float32)
        given += cv2.GaussianBlur(picture - given, (0, 0), OWN_COLOURS)
        return np.asarray(np.clip(given.round(), 0, 255), np.uint8)


def to_inputs(pictures: Picture) -> Tensor:
    """(B, H, W, 3) uint8 → (B, 3, H, W) in -1..1."""
    return torch.from_numpy(pictures.astype(np.float32) / 127.5 - 1).permute(0, 3, 1, 2).contiguous()


def to_pictures(outputs: Tensor) -> Picture:
    """The way back."""
    values = (outputs.permute(0, 2, 3, 1).numpy() + 1) * 127.5
    return np.clip(values.round(), 0, 255).astype(np.uint8)


def reconstructors(draw: Callable[[np.random.Generator], Picture], folder: Path, seed: int = 1) -> Reconstructors:
    """The three autoencoders from `folder`, or trained on real crops from `draw` and put there."""
    return Reconstructors([_ready(upsampler, draw, folder, seed) for upsampler in UPSAMPLERS])


def _ready(
    upsampler: Upsampler, draw: Callable[[np.random.Generator], Picture], folder: Path, seed: int
) -> AutoEncoder:
    path = folder / f"autoencoder-{upsampler}.safetensors"
    torch.manual_seed(seed)
    model = AutoEncoder(upsampler)
    if path.exists():
        model.load_state_dict(load_file(path))
        return model
    error = fit(model, draw, seed, STEPS)
    logger.info("autoencoder %s: mean error %.4f after %d steps", upsampler, error, STEPS)
    folder.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    save_file(model.state_dict(), part)
    part.rename(path)
    return model


def fit(model: AutoEncoder, draw: Callable[[np.random.Generator], Picture], seed: int, steps: int) -> float:
    """Trains one autoencoder on patches of what `draw` gives; the mean absolute error, 0 to 2, at the end."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps)
    errors = []
    for step in range(steps):
        rng = np.random.default_rng([seed, step])
        wanted = to_inputs(np.stack([_patch(draw(rng), rng) for _ in range(BATCH)]))
        with autocast(torch.device("cpu")):
            given = model(wanted).float()
        error = functional.l1_loss(given, wanted)
        loss = error + EDGES * functional.l1_loss(_edges(given), _edges(wanted))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]  # torch ships it without annotations
        optimizer.step()
        schedule.step()
        errors.append(float(error.detach()))
    return float(np.mean(errors[-20:]))


def _patch(picture: Picture, rng: np.random.Generator) -> Picture:
    y, x = (int(rng.integers(0, side - PATCH + 1)) for side in picture.shape[:2])
    return picture[y : y + PATCH, x : x + PATCH]


def _edges(pictures: Tensor) -> Tensor:
    """(B, 3, H, W) → differences to the right and to below, side by side in the channels."""
    right = pictures[..., :-1, 1:] - pictures[..., :-1, :-1]
    below = pictures[..., 1:, :-1] - pictures[..., :-1, :-1]
    return torch.cat([right, below], dim=1)
