"""Registers with Keras what `.keras` files name: layers, losses, metrics, optimizers."""

from keras_secn import layers as layers
from keras_secn import models as models
from keras_secn.metrics import psnr_metric as psnr_metric
from keras_secn.training import losses as losses
from keras_secn.training import optimizers as optimizers
