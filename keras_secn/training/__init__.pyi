from .losses import PictureLoss as PictureLoss
from .recipe import Recipe as Recipe
from .trainer import FurtherTraining as FurtherTraining
from .trainer import compile_model as compile_model
from .trainer import train as train
