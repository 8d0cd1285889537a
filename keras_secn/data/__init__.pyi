from .patches import PatchDataset as PatchDataset
from .patches import open_photographs as open_photographs
from .photo_cache import PhotoCache as PhotoCache
