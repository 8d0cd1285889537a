from . import cascade as cascade
from . import data as data
from . import layers as layers
from . import lite as lite
from . import metrics as metrics
from . import models as models
from . import presets as presets
from . import training as training
from . import upscaling as upscaling
from .layers.squeeze_excite import set_pooling as set_pooling
from .models.edsr import build_edsr as build_edsr
from .models.edsr_trunk import build_network as build_network
from .models.edsr_trunk import scale_of as scale_of
from .models.secn import build_ct_secn as build_ct_secn
from .models.secn import build_secn as build_secn
from .presets.load import load as load
from .presets.store import list_presets as list_presets
from .presets.store import preset_card as preset_card
from .training import losses as losses
from .upscaling.upscale_picture import upscale as upscale
from .upscaling.upscaler import Upscaler as Upscaler
from .utils.errors import UserError as UserError

__version__: str
