"""Where each optimizer is."""

from framework.optim import lr_scheduler as lr_scheduler
from framework.optim import swa_utils as swa_utils
from framework.optim.adadelta import Adadelta as Adadelta
from framework.optim.adafactor import Adafactor as Adafactor
from framework.optim.adagrad import Adagrad as Adagrad
from framework.optim.adam import Adam as Adam
from framework.optim.adamax import Adamax as Adamax
from framework.optim.adamw import AdamW as AdamW
from framework.optim.asgd import ASGD as ASGD
from framework.optim.hooks import register_optimizer_step_post_hook as register_optimizer_step_post_hook
from framework.optim.hooks import register_optimizer_step_pre_hook as register_optimizer_step_pre_hook
from framework.optim.lbfgs import LBFGS as LBFGS
from framework.optim.muon import Muon as Muon
from framework.optim.nadam import NAdam as NAdam
from framework.optim.optimizer import Optimizer as Optimizer
from framework.optim.radam import RAdam as RAdam
from framework.optim.rmsprop import RMSprop as RMSprop
from framework.optim.rprop import Rprop as Rprop
from framework.optim.sgd import SGD as SGD
from framework.optim.swapping import swap_in_optimizer_params_and_state as swap_in_optimizer_params_and_state

__all__: list[str]
