"""Methods: picking and placing by index or mask."""

from __future__ import annotations

import numpy as np

from minitorch.engine.state import TensorState
from minitorch.ops import gathering, indexing, masking, placing, scattering, strided
from minitorch.ops.inplace import in_place, move_in_place
from minitorch.ops.out import as_method
from minitorch.tensor.numpy_protocol import FUNCTIONS


class IndexMethods(TensorState):
    __slots__ = ()

    __getitem__ = indexing.getitem
    __setitem__ = indexing.setitem
    index_put = indexing.index_put
    index_put_ = indexing.index_put_

    index_select = gathering.index_select
    index_add = gathering.index_add
    index_add_ = gathering.index_add_
    index_copy = gathering.index_copy
    index_copy_ = gathering.index_copy_
    index_fill = gathering.index_fill
    index_fill_ = gathering.index_fill_
    index_reduce = scattering.index_reduce
    index_reduce_ = in_place(scattering.index_reduce)
    gather = gathering.gather
    take_along_dim = gathering.take_along_dim
    scatter = scattering.scatter
    scatter_ = scattering.scatter_
    scatter_add = scattering.scatter_add
    scatter_add_ = scattering.scatter_add_
    scatter_reduce = scattering.scatter_reduce
    scatter_reduce_ = in_place(scattering.scatter_reduce)

    masked_select = masking.masked_select
    masked_scatter = masking.masked_scatter
    masked_scatter_ = masking.masked_scatter_
    take = masking.take
    put = masking.put
    put_ = masking.put_
    nonzero = masking.nonzero
    argwhere = masking.argwhere

    diagonal_scatter = placing.diagonal_scatter
    select_scatter = placing.select_scatter
    slice_scatter = placing.slice_scatter
    as_strided_scatter = placing.as_strided_scatter
    fill_diagonal_ = placing.fill_diagonal_

    as_strided = strided.as_strided
    as_strided_ = move_in_place(strided.as_strided, strided.as_strided_back)
    unfold = as_method(strided.unfold)


def _np_take(a, indices, axis=None):
    index = indexing._read_item(indices)
    if axis is None:
        return indexing.getitem(a.reshape(-1), index)
    before = (slice(None),) * (axis % a.ndim)
    return indexing.getitem(a, (*before, index))


FUNCTIONS.update({
    np.take: _np_take,
    np.nonzero: lambda a: masking.nonzero(a, as_tuple=True),
    np.argwhere: lambda a: masking.argwhere(a),
    np.take_along_axis: lambda arr, indices, axis=-1: gathering.take_along_dim(arr, indices, axis),
})  # fmt: skip
