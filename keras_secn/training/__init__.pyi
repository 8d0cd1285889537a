from . import losses as losses
from .losses import PictureLoss as PictureLoss
from .recipe import Recipe as Recipe
from .trainer import compile_model as compile_model
from .trainer import continue_from as continue_from
from .trainer import train as train
