"""One factory per network of the paper, each a Keras functional model."""

# ruff: noqa: E402
from keras_secn.utils.backend import require_backend as _require_backend

_require_backend()  # one line that says what is missing, before Keras says it in many

from keras_secn.models import registry as registry
from keras_secn.models.aplus import build_aplus as build_aplus
from keras_secn.models.bicubic_start import start_as_interpolation as start_as_interpolation
from keras_secn.models.ct_srcnn import build_ct_srcnn as build_ct_srcnn
from keras_secn.models.drcn import build_drcn as build_drcn
from keras_secn.models.drrn import build_drrn as build_drrn
from keras_secn.models.edsr import build_edsr as build_edsr
from keras_secn.models.edsr_trunk import block_kinds as block_kinds
from keras_secn.models.edsr_trunk import build_network as build_network
from keras_secn.models.edsr_trunk import scale_of as scale_of
from keras_secn.models.espcn import build_espcn as build_espcn
from keras_secn.models.fsrcnn import build_fsrcnn as build_fsrcnn
from keras_secn.models.lapsrn import build_lapsrn as build_lapsrn
from keras_secn.models.mobile import build_edsr_mobile as build_edsr_mobile
from keras_secn.models.mobile import build_pocket_secn as build_pocket_secn
from keras_secn.models.secn import build_ct_secn as build_ct_secn
from keras_secn.models.secn import build_secn as build_secn
from keras_secn.models.srcnn import build_srcnn as build_srcnn
from keras_secn.models.srresnet import build_discriminator as build_discriminator
from keras_secn.models.srresnet import build_srresnet as build_srresnet
from keras_secn.models.vdsr import build_vdsr as build_vdsr
