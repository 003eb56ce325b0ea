"""Names with nothing to do on a CPU answer truthfully and harm nothing."""

from __future__ import annotations

import pytest

import minitorch as mt


def test_there_is_no_gpu():
    assert not mt.cuda.is_available() and mt.cuda.device_count() == 0
    assert not mt.backends.mps.is_available() and not mt.mps.is_available()
    assert not mt.accelerator.is_available() and mt.accelerator.current_accelerator() is None
    assert not mt.xpu.is_available() and mt.version.cuda is None
    assert mt.cuda.memory_allocated() == mt.cuda.max_memory_allocated() == 0


def test_what_has_nothing_to_do_does_nothing():
    mt.manual_seed(3)
    first = mt.rand(1)
    mt.manual_seed(3)
    mt.cuda.manual_seed(1), mt.cuda.manual_seed_all(1), mt.mps.manual_seed(1)
    mt.cuda.synchronize(), mt.cuda.empty_cache(), mt.cuda.reset_peak_memory_stats()
    assert mt.equal(mt.rand(1), first)


@pytest.mark.parametrize(
    "use",
    [
        lambda: mt.ones(1).cuda(),
        lambda: mt.ones(1).to("cuda"),
        lambda: mt.ones(1, device="cuda"),
        lambda: mt.nn.Linear(1, 1).cuda(),
        lambda: mt.nn.Linear(1, 1, device="cuda"),
        lambda: mt.nn.Linear(1, 1).to(mt.device("cuda:0")),
        lambda: mt.Generator("cuda"),
        lambda: mt.cuda.current_device(),
        lambda: mt.cuda.Event(enable_timing=True),
        lambda: mt.accelerator.set_device_index(0),
        lambda: mt.set_default_device("mps"),
    ],
)
def test_a_device_that_is_not_there_is_a_clear_error(use):
    with pytest.raises(NotImplementedError, match="CPU"):
        use()


def test_switches_keep_what_they_are_told():
    assert mt.backends.cudnn.deterministic is False
    mt.backends.cudnn.deterministic = True
    assert mt.backends.cudnn.deterministic is True
    mt.backends.cudnn.deterministic = False
    mt.set_float32_matmul_precision("high")
    assert mt.get_float32_matmul_precision() == "high"
    mt.set_float32_matmul_precision("highest")
    with pytest.raises(ValueError, match="precision must be"):
        mt.set_float32_matmul_precision("low")
    mt.use_deterministic_algorithms(True, warn_only=True)
    assert mt.are_deterministic_algorithms_enabled()
    assert mt.get_deterministic_debug_mode() == 1
    mt.use_deterministic_algorithms(False)


def test_the_number_of_threads_is_that_of_numpys_products():
    before = mt.get_num_threads()
    mt.set_num_threads(1)
    assert mt.get_num_threads() == 1
    mt.set_num_threads(before)
    with pytest.raises(RuntimeError, match="positive integer, got 0"):
        mt.set_num_threads(0)


def test_the_default_type_by_its_old_name():
    mt.set_default_tensor_type("torch.DoubleTensor")
    try:
        assert mt.ones(1).dtype is mt.float64
    finally:
        mt.set_default_tensor_type(mt.FloatTensor)
    assert mt.ones(1).dtype is mt.float32
    with pytest.raises(TypeError, match="floating-point"):
        mt.set_default_tensor_type("torch.LongTensor")


def test_typename():
    assert mt.typename(mt.ones(1, dtype=mt.int64)) == "minitorch.LongTensor"
    assert mt.typename(mt.nn.Linear(1, 1)) == "minitorch.nn.linear.Linear"
    assert mt.typename(3) == "int"


def test_fork_rng_leaves_the_stream_alone():
    mt.manual_seed(0)
    expected = mt.rand(2)
    mt.manual_seed(0)
    with mt.random.fork_rng():
        mt.rand(5)
    assert mt.equal(mt.rand(2), expected)


def test_variable_is_the_old_name_of_a_tensor():
    data = mt.ones(2)
    x = mt.autograd.Variable(data, requires_grad=True)
    (x * 3).sum().backward()
    assert x.grad.tolist() == [3, 3] and not data.requires_grad
    x.data[0] = 5
    assert data[0] == 5 and isinstance(data, mt.autograd.Variable)


def test_data_parallel_calls_its_module():
    linear = mt.nn.Linear(2, 3)
    model = mt.nn.DataParallel(linear)
    x = mt.ones(4, 2)
    assert mt.equal(model(x), linear(x))
    assert mt.equal(mt.nn.parallel.data_parallel(linear, x), linear(x))
    assert list(model.state_dict()) == ["module.weight", "module.bias"]


def test_scripted_functions_are_themselves():
    @mt.jit.script
    def double(x):
        return 2 * x

    assert double(mt.ones(1)).item() == 2 and not mt.jit.is_scripting()
    with pytest.raises(NotImplementedError, match="state_dict"):
        mt.jit.save(double, "x.pt")


def test_what_is_refused_says_what_to_use_instead():
    with pytest.raises(NotImplementedError, match="cProfile"):
        mt.profiler.profile()
    with pytest.raises(NotImplementedError, match="urlretrieve"):
        mt.hub.download_url_to_file("http://x", "y")
    with mt.profiler.record_function("forward"):
        pass


def test_sparse_matrices_are_dense_with_the_same_numbers():
    values = mt.tensor([3.0, 4.0, 5.0], requires_grad=True)
    m = mt.sparse_coo_tensor(mt.tensor([[0, 1, 1], [2, 0, 0]]), values, (2, 3))
    assert m.tolist() == [[0, 0, 3], [9, 0, 0]] and not m.is_sparse
    assert mt.equal(m.to_dense(), m) and mt.equal(m.to_sparse().coalesce(), m)
    out = mt.spmm(m, mt.eye(3))
    assert mt.equal(out, mt.sparse.mm(m, mt.eye(3)))
    (out * mt.arange(6.0).reshape(2, 3)).sum().backward()
    assert values.grad.tolist() == [2, 3, 3]
    with pytest.raises(RuntimeError, match="outside"):
        mt.sparse_coo_tensor([[2], [0]], [1.0], (2, 3))
    with pytest.raises(RuntimeError, match="2 indices for values"):
        mt.sparse_coo_tensor([[0, 1], [0, 1]], [1.0], (2, 3))


def test_the_device_of_a_block():
    with mt.device("cpu"):
        assert mt.ones(1).device.type == "cpu"
    with pytest.raises(NotImplementedError, match="CPU"), mt.device("cuda"):
        pass
    assert not mt.ones(1).is_xpu


def test_models_are_exported_from_pytorch():
    with pytest.raises(NotImplementedError, match="export from there"):
        mt.onnx.export(mt.nn.Linear(1, 1), (mt.ones(1),), "model.onnx")


def test_there_are_no_other_processes():
    assert not mt.distributed.is_available() and not mt.distributed.is_initialized()
    with pytest.raises(NotImplementedError, match="one process"):
        mt.distributed.init_process_group(backend="gloo")
    with pytest.raises(NotImplementedError, match="one process"):
        mt.nn.parallel.DistributedDataParallel(mt.nn.Linear(1, 1))


def test_processes_that_could_not_share_a_model_are_refused():
    assert mt.multiprocessing.get_start_method() in mt.multiprocessing.get_all_start_methods()
    for start in (mt.multiprocessing.Process, mt.multiprocessing.Pool, mt.multiprocessing.spawn):
        with pytest.raises(NotImplementedError, match="share"):
            start(lambda: None)
