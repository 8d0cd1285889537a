"""One factory per network of the paper, each a Keras functional model."""

from .aplus import build_aplus as build_aplus
from .ct_srcnn import build_ct_srcnn as build_ct_srcnn
from .drcn import build_drcn as build_drcn
from .drrn import build_drrn as build_drrn
from .edsr import build_edsr as build_edsr
from .espcn import build_espcn as build_espcn
from .fsrcnn import build_fsrcnn as build_fsrcnn
from .lapsrn import build_lapsrn as build_lapsrn
from .mobile import build_edsr_mobile as build_edsr_mobile
from .mobile import build_pocket_secn as build_pocket_secn
from .secn import build_ct_secn as build_ct_secn
from .secn import build_secn as build_secn
from .skeleton import block_kinds as block_kinds
from .skeleton import build_network as build_network
from .skeleton import scale_of as scale_of
from .srcnn import build_srcnn as build_srcnn
from .srresnet import build_discriminator as build_discriminator
from .srresnet import build_srresnet as build_srresnet
from .vdsr import build_vdsr as build_vdsr
