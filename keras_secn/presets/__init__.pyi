from . import store as store
from .keras_file import load_checked as load_checked
from .load import load as load
from .store import list_presets as list_presets
from .store import load_preset as load_preset
from .store import preset_card as preset_card
from .store import write_preset as write_preset
