"""The public surface as a program uses it: `make lint` runs the type checker on this file.

A call of anything without type hints is an error in here, and so is a hint that does not fit.
"""

import pathlib
from typing import Any

import keras
import numpy as np
from PIL import Image
from typing_extensions import assert_type

import keras_secn
from keras_secn import lite, models, upscaling


def upscaling_keeps_the_kind(pixels: np.ndarray, picture: Image.Image) -> None:
    upscaler = keras_secn.Upscaler("ct_secn_16", engine="litert", scale=4, tile=256, threads=2)
    assert_type(upscaler.scale, float | None)
    assert_type(upscaler(pixels), np.ndarray)
    assert_type(upscaler(picture), Image.Image)
    assert_type(upscaler("photo.jpg", "photo_x2.png", overwrite=False), pathlib.Path)
    assert_type(upscaler.work(10, 20), int)
    for rows in upscaler.bands(pixels, tick=print):
        assert_type(rows, np.ndarray)
    assert_type(keras_secn.upscale(pixels), np.ndarray)
    assert_type(keras_secn.upscale(picture, model="secn", ensemble=True), Image.Image)
    assert_type(keras_secn.upscale(pathlib.Path("photo.jpg"), "photo_x2.png"), pathlib.Path)
    keras_secn.upscale(pixels, "photo_x2.png")  # type: ignore[call-overload]
    keras_secn.Upscaler(scale="2")  # type: ignore[arg-type]


def presets() -> None:
    assert_type(keras_secn.list_presets(), list[str])
    assert_type(keras_secn.preset_card("secn"), dict[str, Any])
    keras_secn.set_pooling(keras_secn.load("secn"), window=None)
    keras_secn.load(16)  # type: ignore[arg-type]
    raise keras_secn.UserError("one line")


def training(model: keras.Model) -> None:
    keras_secn.losses.PictureLoss("charbonnier", luminance_share=0.5)
    keras_secn.metrics.PSNR(shave=4, name="quality")
    keras_secn.metrics.PSNR(shave="4")  # type: ignore[arg-type]
    assert_type(keras_secn.__version__, str)
    error: ValueError = keras_secn.UserError("a line")
    print(error)


def networks(model: keras.Model) -> None:
    keras_secn.build_network(["se", "separable"], scale=3, filters=32)
    keras_secn.build_secn(blocks=32, filters=256, residual_scaling=0.1)
    keras_secn.build_ct_secn(n=8, name="half")
    keras_secn.build_edsr(scale=4)
    keras_secn.build_ct_secn("16")  # type: ignore[arg-type]
    assert_type(keras_secn.scale_of(model), int)
    assert_type(models.block_kinds(model), list[str])
    models.start_as_interpolation(model)
    models.build_aplus(anchors=16)
    models.build_ct_srcnn(widths=(64, 32))
    models.build_discriminator(patch=96)
    models.build_drcn(recursions=2)
    models.build_drrn(units=25)
    models.build_edsr_mobile(filters=16)
    models.build_espcn()
    models.build_fsrcnn(d=32, s=5, m=1)
    models.build_lapsrn(depth=5)
    models.build_pocket_secn("s", collapsible=False)
    models.build_srcnn(middle=5)
    models.build_srresnet()
    models.build_vdsr(depth=10)
    keras_secn.models.registry.system("vdsr").build(2, depth=4)


def cascade(secn: keras.Model, ct_secn: keras.Model, pixels: np.ndarray) -> None:
    plan = keras_secn.cascade.CascadePlan(blocks=8, replace=8, target="fire")
    assert_type(plan.counts, list[int])
    assert_type(plan.kinds(4), list[str])
    moved = keras_secn.cascade.transfer_weights(secn, ct_secn, "lstsq", calibration=pixels)
    assert_type(moved, list[int])
    keras_secn.cascade.CascadeReplacement(secn, "svd")


def phones(model: keras.Model, pixels: np.ndarray) -> None:
    facts = lite.export(model, "a.tflite", "int8", (270, 480), representative=[pixels])
    assert_type(facts, dict[str, Any])
    assert_type(lite.info("a.tflite"), dict[str, Any])
    assert_type(lite.LiteModel("a.tflite", threads=2)(pixels), np.ndarray)
    assert_type(lite.LiteModel("a.tflite").operators(), list[str])
    assert_type(lite.benchmark(["a.tflite"], (270, 480)), list[dict[str, Any]])
    assert_type(lite.refused("a.tflite", "gpu"), list[str])
    assert_type(lite.layer_report(b"", b"", pixels), list[dict[str, Any]])
    lite.compress(model, keras_secn.data.open_photographs(["photos"]), sparsity=0.5, clusters=32)
    upscaling.export_tiles(model, "a.tflite", weights="float16")
