from .plan import CascadePlan as CascadePlan
from .transfer import CascadeReplacement as CascadeReplacement
from .transfer import transfer_weights as transfer_weights
