"""The layers that networks are made of."""

# ruff: noqa: E402
from keras_secn.utils.backend import require_backend as _require_backend

_require_backend()  # one line that says what is missing, before Keras says it in many

from keras_secn.layers.anchored_regression import AnchoredRegression as AnchoredRegression
from keras_secn.layers.anchored_regression import OverlapMean as OverlapMean
from keras_secn.layers.anchored_regression import PadEdges as PadEdges
from keras_secn.layers.blocks import BLOCKS as BLOCKS
from keras_secn.layers.blocks import Block as Block
from keras_secn.layers.blocks import FireBlock as FireBlock
from keras_secn.layers.blocks import FireExpand as FireExpand
from keras_secn.layers.blocks import InvertedResidualBlock as InvertedResidualBlock
from keras_secn.layers.blocks import MobileNetBlock as MobileNetBlock
from keras_secn.layers.blocks import ResidualBlock as ResidualBlock
from keras_secn.layers.blocks import SeparableSEBlock as SeparableSEBlock
from keras_secn.layers.blocks import SEResidualBlock as SEResidualBlock
from keras_secn.layers.blocks import XceptionBlock as XceptionBlock
from keras_secn.layers.collapsible_conv import CollapsibleConv2D as CollapsibleConv2D
from keras_secn.layers.deep_supervision import Supervise as Supervise
from keras_secn.layers.lines import Lines as Lines
from keras_secn.layers.luminance import Luminance as Luminance
from keras_secn.layers.luminance import WithLuminance as WithLuminance
from keras_secn.layers.luminance import luminance as luminance
from keras_secn.layers.normalization import MeanShift as MeanShift
from keras_secn.layers.package import PACKAGE as PACKAGE
from keras_secn.layers.resampling import BicubicUpsample as BicubicUpsample
from keras_secn.layers.resampling import PixelShuffle as PixelShuffle
from keras_secn.layers.squeeze_excite import SqueezeExcite as SqueezeExcite
from keras_secn.layers.squeeze_excite import local_mean as local_mean
from keras_secn.layers.squeeze_excite import set_pooling as set_pooling
