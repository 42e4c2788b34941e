"""Linear algebra: PyTorch's `torch.linalg`."""

from framework.coverage import explain_missing_names
from framework.operations.cholesky import linalg_cholesky as cholesky
from framework.operations.cholesky import linalg_cholesky_ex as cholesky_ex
from framework.operations.decompositions import linalg_eig as eig
from framework.operations.decompositions import linalg_eigh as eigh
from framework.operations.decompositions import linalg_eigvals as eigvals
from framework.operations.decompositions import linalg_eigvalsh as eigvalsh
from framework.operations.decompositions import linalg_qr as qr
from framework.operations.decompositions import linalg_svd as svd
from framework.operations.decompositions import linalg_svdvals as svdvals
from framework.operations.inverses import linalg_det as det
from framework.operations.inverses import linalg_inv as inv
from framework.operations.inverses import linalg_inv_ex as inv_ex
from framework.operations.inverses import linalg_slogdet as slogdet
from framework.operations.ldl import linalg_ldl_factor as ldl_factor
from framework.operations.ldl import linalg_ldl_factor_ex as ldl_factor_ex
from framework.operations.ldl import linalg_ldl_solve as ldl_solve
from framework.operations.least_squares import linalg_lstsq as lstsq
from framework.operations.least_squares import linalg_matrix_rank as matrix_rank
from framework.operations.least_squares import linalg_pinv as pinv
from framework.operations.lu import linalg_lu as lu
from framework.operations.lu import linalg_lu_factor as lu_factor
from framework.operations.lu import linalg_lu_factor_ex as lu_factor_ex
from framework.operations.lu import linalg_lu_solve as lu_solve
from framework.operations.matmul import matmul
from framework.operations.matrix_checks import LinAlgError
from framework.operations.matrix_functions import linalg_matrix_exp as matrix_exp
from framework.operations.matrix_functions import linalg_matrix_power as matrix_power
from framework.operations.matrix_functions import linalg_multi_dot as multi_dot
from framework.operations.matrix_norms import linalg_cond as cond
from framework.operations.matrix_norms import linalg_matrix_norm as matrix_norm
from framework.operations.matrix_norms import linalg_norm as norm
from framework.operations.norms import vector_norm
from framework.operations.out import with_out_by_own_names
from framework.operations.products import linalg_cross as cross
from framework.operations.products import linalg_diagonal as diagonal
from framework.operations.products import linalg_vander as vander
from framework.operations.products import linalg_vecdot as vecdot
from framework.operations.reflections import linalg_householder_product as householder_product
from framework.operations.solving import linalg_solve as solve
from framework.operations.solving import linalg_solve_ex as solve_ex
from framework.operations.solving import linalg_tensorinv as tensorinv
from framework.operations.solving import linalg_tensorsolve as tensorsolve
from framework.operations.triangular import linalg_solve_triangular as solve_triangular

__all__ = [
    "LinAlgError",
    "cholesky",
    "cholesky_ex",
    "cond",
    "cross",
    "det",
    "diagonal",
    "eig",
    "eigh",
    "eigvals",
    "eigvalsh",
    "householder_product",
    "inv",
    "inv_ex",
    "ldl_factor",
    "ldl_factor_ex",
    "ldl_solve",
    "lstsq",
    "lu",
    "lu_factor",
    "lu_factor_ex",
    "lu_solve",
    "matmul",
    "matrix_exp",
    "matrix_norm",
    "matrix_power",
    "matrix_rank",
    "multi_dot",
    "norm",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "solve_ex",
    "solve_triangular",
    "svd",
    "svdvals",
    "tensorinv",
    "tensorsolve",
    "vander",
    "vecdot",
    "vector_norm",
]

globals().update(with_out_by_own_names(globals(), __all__))

explain_missing_names(__name__)
