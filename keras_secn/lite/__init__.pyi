from .benchmark import benchmark as benchmark
from .compression import compress as compress
from .delegates import refused as refused
from .export import export as export
from .interpreter import LiteModel as LiteModel
from .layers_report import layer_report as layer_report
from .metadata import info as info
