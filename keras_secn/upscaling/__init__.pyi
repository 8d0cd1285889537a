from .engines.export import export_tiles as export_tiles
from .upscale_picture import upscale as upscale
from .upscaler import Upscaler as Upscaler
