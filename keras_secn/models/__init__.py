"""One factory per network of the paper, each a Keras functional model."""

from .edsr import build_edsr as build_edsr
from .secn import build_ct_secn as build_ct_secn
from .secn import build_secn as build_secn
from .skeleton import block_kinds as block_kinds
from .skeleton import build_network as build_network
from .skeleton import scale_of as scale_of
