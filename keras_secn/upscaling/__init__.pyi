from .engines.export import export_tiles as export_tiles
from .once import upscale as upscale
from .upscaler import Upscaler as Upscaler
