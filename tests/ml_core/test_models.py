"""What is true of every member, whatever its architecture."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from ml_core.models.adaptation import Adaptation
from ml_core.models.registry import SPECS, build, count_parameters
from ml_core.models.resnext import FeaturesAndLogits, ResNeXt
from ml_core.models.vit import ViT
from tests.tiny import TINY

NAMES = tuple(SPECS)


def make_input(name: str, batch: int = 4) -> Tensor:
    torch.manual_seed(1)
    return torch.randn(batch, 16, 2048) if name == "lstm" else torch.randn(batch, 3, 224, 224)


def make_member(name: str) -> nn.Module:
    torch.manual_seed(0)
    return build(name, TINY[name])


@pytest.mark.parametrize("name", NAMES)
def test_two_logits_an_item_and_features_before_them(name: str) -> None:
    member = build(name, TINY[name]).eval()
    with torch.inference_mode():
        features = member.forward_features(make_input(name))
        assert features.ndim == 2
        assert torch.equal(member.forward_head(features), member(make_input(name)))
        assert member(make_input(name)).shape == (4, 2)


@pytest.mark.parametrize("name", NAMES)
def test_an_item_is_judged_by_itself(name: str) -> None:
    member, inputs = make_member(name).eval(), make_input(name)
    with torch.inference_mode():
        together = member(inputs)
        alone = torch.cat([member(item[None]) for item in inputs])
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_dropout_runs_in_training_and_only_there(name: str) -> None:
    member, inputs = make_member(name), make_input(name)
    with torch.no_grad():
        member.train()
        for module in member.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()  # batch statistics would differ for another reason
        assert not torch.equal(member(inputs), member(inputs))
        member.eval()
        assert torch.equal(member(inputs), member(inputs))


@pytest.mark.parametrize(
    ("name", "least", "most"), [("cnn", 1.5e6, 2.5e6), ("resnext", 22e6, 26e6), ("vit", 85e6, 87e6), ("lstm", 1e6, 5e6)]
)
def test_the_members_that_ship_have_the_stated_size(name: str, least: float, most: float) -> None:
    with torch.device("meta"):
        assert least <= count_parameters(build(name)) <= most


def test_the_vit_learns_only_in_its_last_blocks_and_sees_fewer_tokens_in_training() -> None:
    vit = ViT(frozen=1, keep=0.5, embed_dim=48, depth=2, num_heads=3)
    vit(make_input("vit")).sum().backward()
    with_gradient = {name for name, parameter in vit.named_parameters() if parameter.grad is not None}
    assert with_gradient
    assert all(name.startswith(("trunk.blocks.1.", "trunk.norm.", "head.")) for name in with_gradient)
    tokens = torch.randn(2, 197, 48)
    assert vit.train()._fewer(tokens).shape == (2, 99, 48)
    assert torch.equal(vit.eval()._fewer(tokens), tokens)
    assert torch.equal(vit.train()._fewer(tokens)[:, 0], tokens[:, 0])  # the class token stays


SMALL_VIT: dict[str, Any] = {"embed_dim": 48, "depth": 2, "num_heads": 3}


@pytest.mark.parametrize("adaptation", ["norms", "low_rank"])
def test_a_small_change_learns_in_every_block_and_leaves_the_matrices_alone(adaptation: Adaptation) -> None:
    vit = ViT(adaptation=adaptation, rank=2, **SMALL_VIT)
    vit(make_input("vit")).sum().backward()
    learned = {name for name, parameter in vit.named_parameters() if parameter.grad is not None}
    assert {name.split(".")[2] for name in learned if name.startswith("trunk.blocks.")} == {"0", "1"}
    assert "trunk.norm_pre.weight" in learned
    assert not any(name.endswith(("qkv.weight", "fc1.weight", "patch_embed.proj.weight")) for name in learned)
    assert any(name.endswith("qkv.up") for name in learned) == (adaptation == "low_rank")


def test_an_update_of_low_rank_begins_as_the_pretrained_tower_and_is_kept_when_it_is_loaded_again() -> None:
    plain, adapted = ViT(**SMALL_VIT).eval(), ViT(adaptation="low_rank", rank=2, **SMALL_VIT).eval()
    adapted.load_clip(dict(plain.trunk.state_dict()))
    inputs = make_input("vit")
    with torch.inference_mode():
        assert torch.equal(plain.forward_features(inputs), adapted.forward_features(inputs))
        adapted.trunk.blocks[0].attn.qkv.up.normal_()
        assert not torch.allclose(plain.forward_features(inputs), adapted.forward_features(inputs))
    again = ViT(adaptation="low_rank", rank=2, **SMALL_VIT).eval()
    again.load_state_dict(adapted.state_dict())
    with torch.inference_mode():
        assert torch.equal(again(inputs), adapted(inputs))


def test_an_unknown_adaptation_is_refused() -> None:
    with pytest.raises(ValueError, match="wants blocks"):
        build("vit", {"adaptation": "everything", **SMALL_VIT})


def test_the_lstm_hears_the_order_of_the_frames() -> None:
    lstm, clip = make_member("lstm").eval(), make_input("lstm", batch=1)
    with torch.inference_mode():
        assert not torch.allclose(lstm(clip), lstm(clip.flip(1)))


def test_one_pass_of_the_resnext_gives_features_and_logits() -> None:
    member = build("resnext", TINY["resnext"]).eval()
    assert isinstance(member, ResNeXt)
    inputs = make_input("resnext", batch=1)
    with torch.inference_mode():
        features, logits = FeaturesAndLogits(member)(inputs)
        assert features.shape == (1, 2048)
        assert torch.equal(logits, member(inputs))
