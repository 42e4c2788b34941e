"""The rules, in plain NumPy: every function of tensors, one file for each family."""

from framework.operations import creation_methods as creation_methods
from framework.operations import sliding as sliding
from framework.operations.activation import (
    celu,
    celu_,
    elu,
    elu_,
    logsigmoid,
    mish,
    selu,
    selu_,
    silu,
    softplus,
    softsign,
    tanhshrink,
)
from framework.operations.adaptive_pooling import (
    adaptive_avg_pool1d,
    adaptive_avg_pool2d,
    adaptive_avg_pool3d,
    adaptive_max_pool1d,
    adaptive_max_pool1d_with_indices,
    adaptive_max_pool2d,
    adaptive_max_pool2d_with_indices,
    adaptive_max_pool3d,
    adaptive_max_pool3d_with_indices,
)
from framework.operations.arithmetic import (
    add,
    div,
    divide,
    mul,
    multiply,
    neg,
    negative,
    positive,
    reciprocal,
    rsub,
    sub,
    subtract,
    true_divide,
)
from framework.operations.assembling import (
    block_diag,
    cartesian_prod,
    column_stack,
    combinations,
    dsplit,
    hsplit,
    row_stack,
    vsplit,
)
from framework.operations.attention import scaled_dot_product_attention
from framework.operations.average_pooling import avg_pool1d, avg_pool2d, avg_pool3d
from framework.operations.axes import (
    adjoint,
    moveaxis,
    movedim,
    permute,
    swapaxes,
    swapdims,
    t,
    transpose,
)
from framework.operations.batch_norm import batch_norm, native_batch_norm
from framework.operations.bessel import i0
from framework.operations.bilinear import bilinear, conv_tbc
from framework.operations.binary_loss import binary_cross_entropy, binary_cross_entropy_with_logits
from framework.operations.bounds import (
    clamp,
    clamp_max,
    clamp_min,
    clip,
    fmax,
    fmin,
    maximum,
    minimum,
)
from framework.operations.channel_dropout import dropout1d, dropout2d, dropout3d
from framework.operations.cholesky import cholesky, cholesky_inverse, cholesky_solve
from framework.operations.classification_loss import cross_entropy, nll_loss
from framework.operations.combining import (
    addcdiv,
    addcmul,
    arctan2,
    atan2,
    copysign,
    hypot,
    lerp,
    logaddexp,
    logaddexp2,
    nan_to_num,
    xlogy,
)
from framework.operations.comparison import (
    allclose,
    eq,
    equal,
    ge,
    greater,
    greater_equal,
    gt,
    isclose,
    isfinite,
    isinf,
    isnan,
    isneginf,
    isposinf,
    isreal,
    le,
    less,
    less_equal,
    lt,
    ne,
    not_equal,
)
from framework.operations.complex_parts import (
    angle,
    complex,
    conj,
    conj_physical,
    imag,
    is_conj,
    is_neg,
    is_signed,
    polar,
    real,
    resolve_conj,
    resolve_neg,
    view_as_complex,
    view_as_real,
)
from framework.operations.conversion import clone
from framework.operations.convolution import (
    conv1d,
    conv2d,
    conv3d,
    conv_transpose1d,
    conv_transpose2d,
    conv_transpose3d,
    convolution,
)
from framework.operations.counted import binomial, poisson
from framework.operations.covariance import corrcoef, cov
from framework.operations.creation import (
    arange,
    empty,
    empty_like,
    eye,
    full,
    full_like,
    linspace,
    logspace,
    ones,
    ones_like,
    scalar_tensor,
    zeros,
    zeros_like,
)
from framework.operations.ctc_loss import ctc_loss
from framework.operations.cumulative import cumprod, cumsum
from framework.operations.decompositions import geqrf, qr, svd
from framework.operations.diagonals import (
    diag,
    diag_embed,
    diagflat,
    diagonal,
    tril,
    tril_indices,
    triu,
    triu_indices,
)
from framework.operations.differences import cumulative_trapezoid, diff, gradient, trapezoid, trapz
from framework.operations.distances import cdist, dist, pdist, renorm
from framework.operations.division import floor_divide, fmod, remainder
from framework.operations.dlpack import from_dlpack, to_dlpack
from framework.operations.dropout import (
    alpha_dropout,
    alpha_dropout_,
    dropout,
    dropout_,
    feature_alpha_dropout,
    feature_alpha_dropout_,
    feature_dropout,
    feature_dropout_,
    native_dropout,
)
from framework.operations.einsum import einsum, tensordot
from framework.operations.elementary import frexp, gcd, heaviside, lcm, ldexp, logit, nextafter, sinc
from framework.operations.embedding import embedding, embedding_renorm_
from framework.operations.embedding_bag import embedding_bag
from framework.operations.error_function import erf, erfc, erfinv
from framework.operations.expansion import (
    broadcast_shapes,
    broadcast_tensors,
    broadcast_to,
    meshgrid,
    repeat_interleave,
    tile,
)
from framework.operations.extremes import amax, amin, aminmax, argmax, argmin, max, min
from framework.operations.fractional_pooling import (
    fractional_max_pool2d,
    fractional_max_pool2d_with_indices,
    fractional_max_pool3d,
    fractional_max_pool3d_with_indices,
)
from framework.operations.from_data import as_tensor, asarray, from_numpy, tensor
from framework.operations.gamma_function import digamma, lgamma, mvlgamma, polygamma
from framework.operations.gathering import gather, index_select, one_hot, take, take_along_dim
from framework.operations.gelu import gelu, glu
from framework.operations.grid_sampling import (
    affine_grid,
    affine_grid_generator,
    grid_sample,
    grid_sampler,
    grid_sampler_2d,
    grid_sampler_3d,
)
from framework.operations.group_norm import group_norm, native_group_norm
from framework.operations.histograms import bincount, histc, histogram, histogramdd
from framework.operations.incomplete_gamma import igamma, igammac
from framework.operations.indexing import index_put, narrow, narrow_copy, select
from framework.operations.inspection import (
    can_cast,
    detach,
    get_device,
    is_complex,
    is_floating_point,
    is_inference,
    is_nonzero,
    is_same_size,
    is_tensor,
    numel,
    promote_types,
    result_type,
    typename,
)
from framework.operations.instance_norm import instance_norm
from framework.operations.interpolation import interpolate, upsample, upsample_bilinear, upsample_nearest
from framework.operations.inverses import det, inverse, logdet, slogdet
from framework.operations.joining import (
    cat,
    chunk,
    concat,
    concatenate,
    dstack,
    hstack,
    split,
    split_with_sizes,
    stack,
    tensor_split,
    unbind,
    unsafe_chunk,
    unsafe_split,
    unsafe_split_with_sizes,
    vstack,
)
from framework.operations.layer_norm import layer_norm, native_layer_norm, rms_norm
from framework.operations.least_squares import pinverse
from framework.operations.likelihood_loss import gaussian_nll_loss, poisson_nll_loss
from framework.operations.linear import addmm, baddbmm, linear
from framework.operations.linear_cross_entropy import linear_cross_entropy
from framework.operations.logic import (
    bitwise_and,
    bitwise_left_shift,
    bitwise_not,
    bitwise_or,
    bitwise_right_shift,
    bitwise_xor,
    logical_and,
    logical_not,
    logical_or,
    logical_xor,
)
from framework.operations.lu import lu, lu_solve, lu_unpack
from framework.operations.margin_loss import (
    multi_margin_loss,
    multilabel_margin_loss,
    multilabel_soft_margin_loss,
    soft_margin_loss,
)
from framework.operations.masking import (
    argwhere,
    masked_fill,
    masked_scatter,
    masked_select,
    nonzero,
    nonzero_static,
    where,
)
from framework.operations.matmul import bmm, dot, matmul, mm, mv, outer, trace
from framework.operations.matrix_functions import chain_matmul, matrix_exp, matrix_power
from framework.operations.matrix_norms import frobenius_norm, norm, nuclear_norm
from framework.operations.max_pooling import (
    max_pool1d,
    max_pool1d_with_indices,
    max_pool2d,
    max_pool2d_with_indices,
    max_pool3d,
    max_pool3d_with_indices,
)
from framework.operations.memory import empty_permuted, empty_strided, frombuffer, range
from framework.operations.multi_head_attention import multi_head_attention_forward
from framework.operations.order_statistics import kthvalue, median, mode, nanmedian
from framework.operations.overwriting import fill, fill_, zero_
from framework.operations.padding import constant_pad_nd, pad
from framework.operations.piecewise import (
    hardshrink,
    hardsigmoid,
    hardswish,
    hardtanh,
    hardtanh_,
    leaky_relu,
    leaky_relu_,
    prelu,
    relu6,
    softshrink,
    threshold,
    threshold_,
)
from framework.operations.pointwise import (
    abs,
    absolute,
    acos,
    acosh,
    arccos,
    arccosh,
    arcsin,
    arcsinh,
    arctan,
    arctanh,
    asin,
    asinh,
    atan,
    atanh,
    cos,
    cosh,
    deg2rad,
    exp,
    exp2,
    expm1,
    log,
    log1p,
    log2,
    log10,
    rad2deg,
    relu,
    relu_,
    rsqrt,
    sgn,
    sigmoid,
    sign,
    signbit,
    sin,
    sinh,
    sqrt,
    tan,
    tanh,
)
from framework.operations.power import float_power, pow, square
from framework.operations.power_pooling import local_response_norm, lp_pool1d, lp_pool2d, lp_pool3d
from framework.operations.products import addbmm, addmv, addr, cross, ger, inner, kron, vander, vdot
from framework.operations.putting import put
from framework.operations.quantiles import nanquantile, quantile
from framework.operations.random_activation import gumbel_softmax, rrelu, rrelu_
from framework.operations.ranking_loss import (
    cosine_embedding_loss,
    hinge_embedding_loss,
    margin_ranking_loss,
    triplet_margin_loss,
    triplet_margin_with_distance_loss,
)
from framework.operations.rearranging import flip, fliplr, flipud, roll, rot90
from framework.operations.reduction import all, any, count_nonzero, mean, nanmean, nansum, prod, sum
from framework.operations.reflections import orgqr, ormqr
from framework.operations.regression_loss import (
    huber_loss,
    kl_div,
    l1_loss,
    mse_loss,
    smooth_l1_loss,
)
from framework.operations.rounding import ceil, fix, floor, frac, round, trunc
from framework.operations.running_extremes import cummax, cummin, logcumsumexp
from framework.operations.sampling import (
    bernoulli,
    multinomial,
    normal,
    rand,
    rand_like,
    randint,
    randint_like,
    randn,
    randn_like,
    randperm,
)
from framework.operations.scatter_reducing import index_reduce, scatter_reduce
from framework.operations.scattering import scatter, scatter_add
from framework.operations.searching import bucketize, searchsorted, unravel_index
from framework.operations.shape import (
    atleast_1d,
    atleast_2d,
    atleast_3d,
    flatten,
    ravel,
    reshape,
    squeeze,
    unflatten,
    unsqueeze,
)
from framework.operations.shuffling import channel_shuffle, pixel_shuffle, pixel_unshuffle
from framework.operations.signal_windows import (
    bartlett_window,
    blackman_window,
    hamming_window,
    hann_window,
    kaiser_window,
)
from framework.operations.similarity import cosine_similarity, normalize, pairwise_distance
from framework.operations.slice_writing import index_add, index_copy, index_fill
from framework.operations.softmax import log_softmax, softmax
from framework.operations.sorting import argsort, msort, sort, topk
from framework.operations.statistics import logsumexp, std, std_mean, var, var_mean
from framework.operations.storage import UntypedStorage, is_storage
from framework.operations.strided import as_strided, as_strided_scatter
from framework.operations.tensor_types import (
    BoolTensor,
    ByteTensor,
    CharTensor,
    DoubleTensor,
    FloatTensor,
    HalfTensor,
    IntTensor,
    LongTensor,
    ShortTensor,
)
from framework.operations.triangular import triangular_solve
from framework.operations.unfolding import fold, unfold
from framework.operations.uniqueness import isin, unique, unique_consecutive
from framework.operations.unpooling import max_unpool1d, max_unpool2d, max_unpool3d
from framework.operations.view_scatter import diagonal_scatter, select_scatter, slice_scatter
