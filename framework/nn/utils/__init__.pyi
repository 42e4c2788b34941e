"""Where each function is."""

from framework.nn.utils import clip_grad as clip_grad
from framework.nn.utils import convert_parameters as convert_parameters
from framework.nn.utils import fusion as fusion
from framework.nn.utils import init as init
from framework.nn.utils import memory_format as memory_format
from framework.nn.utils import parametrizations as parametrizations
from framework.nn.utils import parametrize as parametrize
from framework.nn.utils import prune as prune
from framework.nn.utils import rnn as rnn
from framework.nn.utils import stateless as stateless
from framework.nn.utils.clip_grad import clip_grad_norm as clip_grad_norm
from framework.nn.utils.clip_grad import clip_grad_norm_ as clip_grad_norm_
from framework.nn.utils.clip_grad import clip_grad_value_ as clip_grad_value_
from framework.nn.utils.clip_grad import clip_grads_with_norm_ as clip_grads_with_norm_
from framework.nn.utils.clip_grad import get_total_norm as get_total_norm
from framework.nn.utils.convert_parameters import parameters_to_vector as parameters_to_vector
from framework.nn.utils.convert_parameters import vector_to_parameters as vector_to_parameters
from framework.nn.utils.fusion import fuse_conv_bn_eval as fuse_conv_bn_eval
from framework.nn.utils.fusion import fuse_conv_bn_weights as fuse_conv_bn_weights
from framework.nn.utils.fusion import fuse_linear_bn_eval as fuse_linear_bn_eval
from framework.nn.utils.fusion import fuse_linear_bn_weights as fuse_linear_bn_weights
from framework.nn.utils.init import skip_init as skip_init
from framework.nn.utils.memory_format import convert_conv2d_weight_memory_format as convert_conv2d_weight_memory_format
from framework.nn.utils.memory_format import convert_conv3d_weight_memory_format as convert_conv3d_weight_memory_format
from framework.nn.utils.spectral_norm_hook import remove_spectral_norm as remove_spectral_norm
from framework.nn.utils.spectral_norm_hook import spectral_norm as spectral_norm
from framework.nn.utils.weight_norm_hook import remove_weight_norm as remove_weight_norm
from framework.nn.utils.weight_norm_hook import weight_norm as weight_norm

__all__: list[str]
