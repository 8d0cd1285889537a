from .engines.export import export_tiles as export_tiles
from .upscaler import Upscaler as Upscaler
from .upscaler import upscale as upscale
