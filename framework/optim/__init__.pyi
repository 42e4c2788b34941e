"""Where each optimizer is."""

from framework.optim import lr_scheduler as lr_scheduler
from framework.optim import swa_utils as swa_utils
from framework.optim.hooks import register_optimizer_step_post_hook as register_optimizer_step_post_hook
from framework.optim.hooks import register_optimizer_step_pre_hook as register_optimizer_step_pre_hook
from framework.optim.optimizer import Optimizer as Optimizer
from framework.optim.sgd import SGD as SGD

__all__: list[str]
