"""Files made to do harm: a clear error, little memory, no code run."""

import builtins
import io
import json
import os
import pickle
import struct
import sys
import tracemalloc
import zipfile
from collections import OrderedDict

import numpy as np
import pytest

import minitorch
from minitorch.serialization import LoadError
from minitorch.serialization.archive_writer import ArchiveWriter

FOUR = np.arange(4, dtype=np.float32).tobytes()


def archive(members):
    file = io.BytesIO()
    writer = ArchiveWriter(file)
    for name, content in members:
        writer.add(name, content)
    writer.close()
    return file.getvalue()


def pt(program, **storages):
    """A ``.pt`` file with this pickle; `s0` is the storage named "0"."""
    storages = storages or {"s0": FOUR}
    stored = [(f"archive/data/{name[1:]}", content) for name, content in storages.items()]
    return archive([("archive/data.pkl", program), *stored, ("archive/version", b"3\n")])


def load(data, **options):
    """Loads; little memory and few steps may be used, whatever comes out."""
    steps, limit = 0, 20_000 + 400 * len(data)

    def count(*_):
        nonlocal steps
        steps += 1
        if steps > limit:
            raise AssertionError(f"more than {limit:,} calls for {len(data):,} bytes")

    tracemalloc.start()
    sys.setprofile(count if len(data) < 100_000 else None)  # it takes its time
    try:
        return minitorch.load(io.BytesIO(data), **options)
    finally:
        sys.setprofile(None)
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert used < 2_500_000 + 80 * len(data)


def refused(data, match=None):
    with pytest.raises(LoadError, match=match) as caught:
        load(data)
    message = str(caught.value)
    assert message.startswith("cannot load ")
    assert len(message) < 1000
    return True


# Pickles ------------------------------------------------------------------------------------------


class Payload:
    def __init__(self, *call):
        self.call = call

    def __reduce__(self):
        return self.call[0], tuple(self.call[1:])


@pytest.fixture
def trap(tmp_path):
    """A path that must not come into being."""
    yield str(tmp_path / "run")
    assert not (tmp_path / "run").exists()


CALLS = {
    "os.system": lambda trap: (os.system, f"touch {trap}"),
    "eval": lambda trap: (eval, f"open({trap!r}, 'w')"),
    "exec": lambda trap: (exec, f"open({trap!r}, 'w')"),
    "open": lambda trap: (open, trap, "w"),
    "getattr": lambda trap: (getattr, os, "system"),
    "import": lambda trap: (builtins.__import__, "antigravity"),
    "save": lambda trap: (minitorch.save, [1], trap),
    "load": lambda trap: (minitorch.load, trap),
    "class": lambda trap: (minitorch.nn.Linear, 10**6, 10**6),
    "zeros": lambda trap: (minitorch.zeros, 10**12),
}


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_no_function_is_called(call, protocol, trap):
    if call is CALLS["getattr"]:
        program = b"cbuiltins\ngetattr\n(cos\n__dict__\nX\6\0\0\0systemtR."
    else:
        program = pickle.dumps({"model": Payload(*call(trap))}, protocol)
    refused(pt(program))
    refused(program)  # a bare pickle
    refused(b"\x80\2\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19." + program)


NAMES = [
    ("os", "system"), ("posix", "system"), ("builtins", "eval"), ("torch.hub", "load"),
    ("torch", "load"), ("functools", "partial"), ("numpy.core.multiarray", "_reconstruct"),
    ("minitorch.nn.linear", "Linear"), ("torch._utils", "_rebuild_wrapper_subclass"),
    ("collections", "defaultdict"), ("torch.storage", "_load_from_bytes"), ("x.y", "z.w"),
]  # fmt: skip


@pytest.mark.parametrize(("module", "name"), NAMES)
def test_what_is_refused_is_named(module, name):
    for program in (
        f"\x80\2c{module}\n{name}\n)R.",
        f"\x80\4\x8c{chr(len(module))}{module}\x8c{chr(len(name))}{name}\x93)R.",
    ):
        refused(pt(program.encode("latin1")), rf"names {module}\.{name}|holds {module}\.{name}")


def rebuild(size=b"K\4\x85", stride=b"K\1\x85", offset=b"K\0", kind=b"torch\nFloatStorage\n",
            key=b"X\1\0\0\x000", count=b"K\4", grad=b"\x89", more=b""):  # fmt: skip
    storage = b"(X\7\0\0\0storagec" + kind + key + b"X\3\0\0\0cpu" + count + b"tQ"
    args = storage + offset + size + stride + grad + b"ccollections\nOrderedDict\n)R" + more
    return b"\x80\2ctorch._utils\n_rebuild_tensor_v2\n(" + args + b"tR."


def long(n):
    return b"\x8a\x0a" + n.to_bytes(10, "little", signed=True)


def test_the_bricks_of_these_tests_are_sound():
    assert load(pt(rebuild())).tolist() == [0.0, 1.0, 2.0, 3.0]


TENSORS = {
    "negative size": {"size": b"J\xff\xff\xff\xff\x85"},
    "negative stride": {"stride": b"J\xff\xff\xff\xff\x85"},
    "negative offset": {"offset": b"J\xff\xff\xff\xff"},
    "too long": {"size": b"K\5\x85"},
    "too far": {"offset": b"K\1"},
    "too wide": {"stride": b"K\2\x85"},
    "huge": {"size": long(2**62) + b"\x85"},
    "huge product": {"size": (long(2**40) + long(2**40) + b"\x86"), "stride": b"K\0K\0\x86"},
    "huge without stride": {"size": long(2**60) + b"\x85", "stride": b"K\0\x85"},
    "huge stride": {"size": b"K\1\x85", "stride": long(2**78) + b"\x85"},
    "huge offset": {"offset": long(2**70)},
    "wrapping": {"size": long(2**62 + 4) + b"\x85", "stride": b"K\1\x85"},
    "fraction": {"size": b"G" + struct.pack(">d", 4.0) + b"\x85"},
    "bool": {"size": b"\x88\x85"},
    "none": {"size": b"N"},
    "text": {"size": b"X\1\0\0\x004"},
    "strides missing": {"stride": b")"},
    "70 dimensions": {"size": b"(" + b"K\1" * 70 + b"t", "stride": b"(" + b"K\1" * 70 + b"t"},
    "grad": {"grad": b"K\1"},
    "grad of integers": {"kind": b"torch\nIntStorage\n", "grad": b"\x88"},
    "hooks": {"more": b"}X\1\0\0\0ak\1s"},
    "metadata": {"more": b"}X\1\0\0\0aK\1s"},
    "count": {"count": b"K\5"},
    "negative count": {"count": b"J\xff\xff\xff\xff"},
    "huge count": {"count": long(2**60)},
    "dtype": {"kind": b"torch\nDoubleStorage\n"},
    "kind": {"kind": b"torch\nSize\n"},
    "key": {"key": b"X\1\0\0\x001"},
    "key outside": {"key": b"X\6\0\0\0../../"},
    "key of a number": {"key": b"K\0"},
}


@pytest.mark.parametrize("change", TENSORS.values(), ids=TENSORS)
def test_impossible_tensors(change):
    refused(pt(rebuild(**change)))


PROGRAMS = {
    "empty": b"",
    "no end": b"\x80\2]",
    "no value": b"\x80\2.",
    "length of 4 GB": b"\x80\2X\xff\xff\xff\xffabc.",
    "length of 16 EB": b"\x80\4\x8d" + b"\xff" * 8 + b"abc.",
    "bytes of 16 EB": b"\x80\4\x8e" + b"\xff" * 8 + b"abc.",
    "bytearray of 16 EB": b"\x80\5\x96" + b"\xff" * 8 + b"abc.",
    "integer of 4 GB": b"\x80\2\x8b\xff\xff\xff\xff1.",
    "bytearray of a terabyte": b"\x80\2c__builtin__\nbytearray\n" + long(10**12) + b"\x85R.",
    "memo from nowhere": b"\x80\2h\7.",
    "mark from nowhere": b"\x80\2t.",
    "deep marks": b"\x80\2" + b"(" * 100_000 + b"t" * 100_000 + b".",
    "deep tuples": b"\x80\2)" + b"\x85" * 100_000 + b".",
    "deep lists": b"\x80\2" + b"]" * 100_000 + b"a" * 99_999 + b".",
    "deep dicts": b"\x80\2" + b"}K\0" * 10_000 + b"N" + b"s" * 10_000 + b".",
    "append to a tuple": b"\x80\2)Na.",
    "append to a tensor": rebuild()[:-1] + b"Na.",
    "item of a list": b"\x80\2]K\0K\0s.",
    "odd items": b"\x80\2}(K\0u.",
    "list as a key": b"\x80\2}]Ns.",
    "twice the same key": b"\x80\2}(K\0NK\0Nu.",
    "deep tuple as a key": b"\x80\2})" + b"\x85" * 50 + b"Ns.",
    "long integer as a key": b"\x80\2}\x8a\x14" + b"\1" * 20 + b"Ns.",
    "attribute of a list": b"\x80\2]}X\1\0\0\0aNsb.",
    "attribute of a tensor": rebuild()[:-1] + b"}X\5\0\0\0_dataNsb.",
    "method of a dict": b"\x80\2ccollections\nOrderedDict\n)R}X\5\0\0\0itemsNsb.",
    "a bare function": b"\x80\2ctorch._utils\n_rebuild_tensor_v2\n.",
    "a bare class": b"\x80\2ctorch\nFloatStorage\n.",
    "call of a tensor class": b"\x80\2ctorch\nTensor\n" + long(2**40) + b"\x85R.",
    "call of a string": b"\x80\2X\1\0\0\0a)R.",
    "call of a dtype": b"\x80\2ctorch\nfloat32\n)R.",
    "new": b"\x80\2ctorch.nn.parameter\nParameter\n)\x81.",
    "no storage": b"\x80\2K\1Q.",
    "module instead of storage": b"\x80\2(X\6\0\0\0modulecos\nsystem\nNNtQ.",
    "extension": b"\x80\2\x82\1.",
    "old text": b"I1\n.",
    "instance": b"(cos\nios\nsystem\n.",
    "name without end": b"\x80\2c" + b"a" * 100_000,
    "bad text": b"\x80\2X\1\0\0\0\xff.",
    "attributes of a tensor": b"\x80\2ctorch._tensor\n_rebuild_from_type_v2\n"
    b"(ctorch._utils\n_rebuild_tensor_v2\nctorch\nTensor\n)}X\5\0\0\0shapeK\1stR.",
    "generator": b"\x80\2cminitorch\nGenerator\n" + rebuild()[2:-1] + b"\x85R.",
    "device": b"\x80\2ctorch\ndevice\nX\3\0\0\0abc\x85R.",
    "size": b"\x80\2ctorch\nSize\nN\x85R.",
    "set of lists": b"\x80\2c__builtin__\nset\n]]a\x85R.",
    "complex from text": b"\x80\2c__builtin__\ncomplex\nX\1\0\0\x001\x85R.",
    "encode": b"\x80\2c_codecs\nencode\nX\1\0\0\0aX\4\0\0\0zlib\x86R.",
}  # fmt: skip


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_impossible_programs(program):
    refused(pt(program))


def test_lists_that_hold_each_other_twice_are_not_written_out():
    program = b"\x80\2]q\0"
    for i in range(60):
        program += b"](h%ch%ceq%c" % (i, i, i + 1)
    refused(pt(program + b"."), "endless")
    few = b"\x80\2]q\0" + b"".join(b"](h%ch%ceq%c" % (i, i, i + 1) for i in range(8)) + b"."
    loaded = load(pt(few))
    assert loaded[0] is loaded[1]


def test_long_lists_are_no_attack():
    number = (1 << 20) + 5
    for items in (b"K\1" * number, b"]" * number):
        assert len(load(pt(b"\x80\2](" + items + b"e."))) == number


def test_a_list_that_holds_itself():
    loaded = load(pt(b"\x80\2]q\0h\0a."))
    assert loaded[0] is loaded


ONE_LONG = b"X\x10\x27\0\0" + b"a" * 10_000 + b"q\1"  # a string of 10,000 letters, kept as 1
LATIN1 = b"X\6\0\0\0latin1"
FEW = 20_000
COPIES = {
    "bytes": ONE_LONG + LATIN1 + b"q\2c_codecs\nencode\nq\3(" + b"h\3h\1h\2\x86R" * FEW,
    "bytearrays": b"c_codecs\nencode\n" + ONE_LONG + LATIN1 + b"\x86Rq\2"
    b"c__builtin__\nbytearray\nq\3(" + b"h\3h\2\x85R" * FEW,
    "sets": b"](" + b"".join(b"M%c%c" % divmod(i, 256)[::-1] for i in range(5000)) + b"eq\1"
    b"c__builtin__\nset\nq\3(" + b"h\3h\1\x85R" * FEW,
    "attributes": b"}(" + b"".join(b"X\4\0\0\0%04dN" % i for i in range(5000)) + b"uq\1"
    b"ccollections\nOrderedDict\nq\3(" + b"h\3)Rh\1b" * FEW,
    "generators": rebuild()[2:-1] + b"q\1cminitorch\nGenerator\nq\3(" + b"h\3h\1\x85R" * FEW,
    "conjugated": rebuild(more=b"}X\3\0\0\0neg\x88s")[2:-1] * 50,
    "expanded": rebuild(size=long(2**20) + b"\x85", stride=b"K\0\x85",
                        more=b"}X\3\0\0\0neg\x88s")[2:-1],
}  # fmt: skip


@pytest.mark.parametrize("name", COPIES)
def test_one_value_copied_again_and_again(name):
    program = b"\x80\2" + COPIES[name] + (b"t." if b"(" in COPIES[name][-300_000:] else b".")
    state = minitorch.Generator().get_state().numpy().tobytes()
    if name == "generators":
        program = program.replace(b"FloatStorage", b"ByteStorage").replace(b"K\4", b"M\xc0\x13")
        refused(pt(program, s0=state), "much more than it holds")
    else:
        refused(pt(program), "more than|more conjugated")


def test_a_memo_of_four_billion_entries_takes_no_memory():
    assert load(pt(b"\x80\2K\7r\xff\xff\xff\xff.")) == 7


def test_the_error_tells_what_to_do():
    file = io.BytesIO()
    minitorch.save(minitorch.nn.Linear(1, 1), file)
    refused(
        file.getvalue(), r"minitorch\.nn\.linear\.Linear(.|\n)*weights_only=False(.|\n)*state_dict"
    )


# Archives -----------------------------------------------------------------------------------------


def zipped(members, method=zipfile.ZIP_STORED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as goal:
        for name, content in members:
            goal.writestr(name, content)
    return bytearray(file.getvalue())


OUTSIDE = ["../x.npy", "/x.npy", "a/../../x.npy", "C:/x.npy", "a\\..\\x.npy"]


@pytest.mark.parametrize("name", OUTSIDE)
def test_names_that_lead_outside(name):
    refused(archive([(name, b"")]), "leads out")
    refused(archive([("archive/data.pkl", b"\x80\2N."), (name, b"")]), "leads out")


def test_an_error_is_short_where_a_name_is_long():
    name = "x" * 60_000
    damaged = archive([(name, b"")]).replace(name.encode(), b"\xff" * len(name), 1)
    with pytest.raises(LoadError) as caught:
        load(damaged)
    assert len(str(caught.value)) < 1000


def test_two_members_of_one_name():
    refused(archive([("archive/data.pkl", b"\x80\2N.")] * 2), "two members")


def test_members_in_the_same_place():
    data = bytearray(archive([("a.npy", bytes(500)), ("b.npy", bytes(500))]))
    first, second = (data.find(b"PK\1\2", at) for at in (0, data.find(b"PK\1\2") + 1))
    data[second + 42 : second + 46] = data[first + 42 : first + 46]
    refused(data, "overlaps")


@pytest.mark.parametrize("count", [10**6, 10**8])
def test_zip_bombs(count):
    file = io.BytesIO()
    np.savez_compressed(file, x=np.zeros(count, np.uint8))
    data = bytearray(file.getvalue())
    if count > 1 << 24:
        refused(data, "attack")
    # one that says that it is small
    at = data.find(b"PK\1\2")
    data[at + 24 : at + 28] = (1000).to_bytes(4, "little")
    refused(data)


@pytest.mark.parametrize("field", [20, 24, 28, 30, 32, 42])  # sizes and the place of a member
@pytest.mark.parametrize("value", [0xFFFFFFFF, 0xFFFFFFFE, 0x7FFFFFFF, 10**6])
def test_sizes_that_lie(field, value):
    data = bytearray(archive([("archive/data.pkl", b"\x80\2N."), ("archive/data/0", FOUR)]))
    at = data.find(b"PK\1\2")
    width = 2 if field in (28, 30, 32) else 4
    data[at + field : at + field + width] = value.to_bytes(8, "little")[:width]
    refused(data)


@pytest.mark.parametrize("field", [8, 10, 12, 16])  # counts, and the place of the list
def test_ends_that_lie(field):
    data = bytearray(archive([("archive/data.pkl", b"\x80\2N.")]))
    at = data.rfind(b"PK\5\6")
    width = 2 if field < 12 else 4
    data[at + field : at + field + width] = b"\xfe" * width
    if field != 8:  # the count on this disk, which nobody needs
        refused(data)


def test_a_compressed_pickle():
    program = b"\x80\2" + b"}" * 10**7 + b"."
    refused(zipped([("m/data.pkl", program)], zipfile.ZIP_DEFLATED), "compressed")


def test_archives_of_something_else():
    refused(zipped([("word/document.xml", b"<x/>")]), "neither")
    refused(zipped([("m/data.pkl", b"\x80\2N."), ("m/constants.pkl", b"")]), "TorchScript")
    refused(zipped([("a/data.pkl", b"\x80\2N."), ("b/data.pkl", b"\x80\2N.")]), "neither")
    refused(zipped([("m/data.pkl", b"\x80\2N."), ("m/byteorder", b"big")]), "big-endian")
    refused(archive([("m/data.pkl", b"\x80\2N.")]) + b"more", "behind")
    refused(b"more" + archive([("m/data.pkl", b"\x80\2N.")]), "not PyTorch's")
    refused(b"", "empty")
    refused(b"hello world, this is text", "not PyTorch's")
    encrypted = bytearray(archive([("a.npy", b"x")]))
    encrypted[encrypted.find(b"PK\1\2") + 8] |= 1
    refused(encrypted, "encrypted")


# safetensors --------------------------------------------------------------------------------------


def safe(header, data=FOUR):
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(raw).to_bytes(8, "little") + raw + data


def entry(dtype="F32", shape=(4,), offsets=(0, 16)):
    return {"dtype": dtype, "shape": shape, "data_offsets": offsets}


def test_these_safetensors_are_sound():
    assert load(safe({"a": entry()}))["a"].tolist() == [0.0, 1.0, 2.0, 3.0]
    assert load(safe({}, b"")) == {}
    two = {"a": entry(shape=(2,), offsets=(8, 16)), "b": entry(shape=(2,), offsets=(0, 8))}
    assert load(safe(two))["a"].tolist() == [2.0, 3.0]


A = b'{"dtype":"F32","shape":[4],"data_offsets":[0,16]}'
HEADERS = {
    "gap": {"a": entry(shape=(3,), offsets=(4, 16))},
    "rest": {"a": entry(shape=(3,), offsets=(0, 12))},
    "beyond": {"a": entry(shape=(5,), offsets=(0, 20))},
    "overlap": {"a": entry(), "b": entry()},
    "partial overlap": {
        "a": entry(shape=(3,), offsets=(0, 12)),
        "b": entry(shape=(2,), offsets=(8, 16)),
    },
    "backwards": {"a": entry(offsets=(16, 0))},
    "negative": {"a": entry(offsets=(-16, 0))},
    "negative shape": {"a": entry(shape=(-4,))},
    "two negative": {"a": entry(shape=(-2, -2))},
    "huge shape": {"a": entry(shape=(2**62,))},
    "wrapping shape": {"a": entry(shape=(2**32, 2**32))},
    "endless number": {"a": entry(shape=(10**30,))},
    "huge but empty": {"a": entry(shape=(0, 2**31, 2**31), offsets=(0, 0))},
    "shape": {"a": entry(shape=(2,))},
    "unknown dtype": {"a": entry(dtype="F8_E4M3", shape=(16,))},
    "dtype": {"a": entry(dtype=3)},
    "fraction": {"a": entry(shape=(4.0,))},
    "true": {"a": entry(shape=(True,))},
    "text": {"a": entry(shape=("4",))},
    "many dimensions": {"a": entry(shape=(1,) * 100)},
    "three offsets": {"a": entry(offsets=(0, 16, 16))},
    "nothing": {"a": {}},
    "more": {"a": {**entry(), "x": 1}},
    "list": {"a": [1]},
    "none": {"a": None},
    "metadata": {"__metadata__": {"x": 1}, "a": entry()},
    "metadata list": {"__metadata__": [], "a": entry()},
    "twice": b'{"a":' + A + b',"a":' + A + b"}",
    "twice within": b'{"a":{"dtype":"F32","dtype":"F32","shape":[4],"data_offsets":[0,16]}}',
    "deep": b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "deep dicts": b'{"a":' * 50_000,
    "many lists": b'{"a":[' + b"[]," * 100_000 + b"[]]}",
    "no text": b'{"\xff":' + A + b"}",
    "not json": b"{'a':" + A + b"}",
    "open": b'{"a":' + A,
    "behind": b'{"a":' + A + b"}x",
    "comma": b'{"a":' + A + b",}",
    "control": b'{"a\n":' + A + b"}",
    "exponent": b'{"a":{"dtype":"F32","shape":[4e0],"data_offsets":[0,16]}}',
    "zero in front": b'{"a":{"dtype":"F32","shape":[04],"data_offsets":[0,16]}}',
}


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
def test_impossible_headers(header):
    refused(safe(header))


@pytest.mark.parametrize("length", [0, 1, 17, 2**31, 2**63, 2**64 - 1])
def test_lengths_that_lie(length):
    data = bytearray(safe({"a": entry()}))
    data[:8] = length.to_bytes(8, "little")
    refused(data)


# npz ----------------------------------------------------------------------------------------------


def npy(header, data=FOUR, version=1):
    raw = header.encode() if isinstance(header, str) else header
    head = (
        b"\x93NUMPY" + bytes([version, 0]) + len(raw).to_bytes(2 if version == 1 else 4, "little")
    )
    return archive([("x.npy", head + raw + data)])


def descr(kind="'<f4'", shape="(4,)", order="False"):
    return f"{{'descr': {kind}, 'fortran_order': {order}, 'shape': {shape}, }}\n"


def test_these_arrays_are_sound():
    assert load(npy(descr()))["x"].tolist() == [0.0, 1.0, 2.0, 3.0]
    assert load(npy(descr(shape="(2, 2)", order="True")))["x"].tolist() == [[0.0, 2.0], [1.0, 3.0]]
    big = np.arange(4, dtype=">f4").tobytes()
    assert load(npy(descr("'>f4'"), big))["x"].tolist() == [0.0, 1.0, 2.0, 3.0]


ARRAYS = {
    "objects": npy(descr("'|O'"), pickle.dumps([1])),
    "text": npy(descr("'<U4'", "(1,)")),
    "dates": npy(descr("'<M8[s]'", "(2,)")),
    "records": npy(descr("[('a', '<f4')]")),
    "unsigned": npy(descr("'<u4'")),
    "long double": npy(descr("'<f16'", "(1,)")),
    "shorter": npy(descr(shape="(3,)")),
    "longer": npy(descr(shape="(5,)")),
    "negative": npy(descr(shape="(-4,)")),
    "huge": npy(descr(shape="(1000000000000,)")),
    "endless": npy(descr(shape="(" + "9" * 5000 + ",)")),
    "wrapping": npy(descr(shape="(4294967296, 4294967296, 4)")),
    "huge but empty": npy(descr(shape="(0, 4294967296, 4294967296)")),
    "code": npy("__import__('os').system('x')"),
    "expression": npy(descr(shape="(2+2,)")),
    "minus": npy(descr(shape="(" + "-" * 9000 + "1,)")),
    "deep": npy("(" * 9000),
    "long header": npy(descr() + " " * 20_000),
    "version": npy(descr(), version=9),
    "cut": archive([("x.npy", b"\x93NUMPY\1\0")]),
    "no array": archive([("x.npy", b"hello")]),
}  # fmt: skip


@pytest.mark.parametrize("data", ARRAYS.values(), ids=ARRAYS)
def test_impossible_arrays(data):
    refused(data)


# Containers ---------------------------------------------------------------------------------------

EMPTY = {
    "list": b"]", "dict": b"}", "set": b"\x8f", "frozenset": b"(\x91", "filled dict": b"}NNs",
    "ordered dict": b"h\0)R",
}  # fmt: skip


@pytest.mark.parametrize("kind", EMPTY)
def test_empty_containers_take_a_bounded_multiple_of_the_file(kind):
    start = b"\x80\4ccollections\nOrderedDict\nq\0]("
    data = pt(start + EMPTY[kind] * (300_000 // len(EMPTY[kind])) + b"e.")
    if kind in ("set", "frozenset"):
        refused(data, "containers would take more than")
    else:
        assert load(data)


@pytest.mark.parametrize("protocol", range(2, 6))
def test_what_pickle_itself_writes_is_not_taken_for_harm(protocol):
    many = 20_000
    for value in (
        [[] for _ in range(many)],
        [{} for _ in range(many)],
        [{"a": None} for _ in range(many)],
        [(i, float(i), [i]) for i in range(many)],
        [{i} for i in range(many)],
        [OrderedDict(a=i) for i in range(many)],
        {i: {"exp_avg": [], "step": i} for i in range(many)},
    ):
        assert minitorch.load(io.BytesIO(pt(pickle.dumps(value, protocol)))) == value


def test_values_stored_under_numbers_that_do_not_follow():
    program = b"\x80\2](K\1q\7K\2q\0K\3q\1h\7h\0h\1e."
    assert minitorch.load(io.BytesIO(pt(program))) == [1, 2, 3, 1, 2, 3]


@pytest.mark.parametrize("both", [False, True], ids=["one header", "both headers"])
def test_a_compressed_member_that_announces_too_much_takes_no_memory(both):
    file = io.BytesIO()
    np.savez_compressed(file, x=np.arange(100))
    data, size = file.getvalue(), 128 + 800
    announced = struct.pack("<I", 12_000_000)
    directory = data.rindex(b"PK\1\2")
    assert data[directory + 24 : directory + 28] == struct.pack("<I", size)
    data = data[: directory + 24] + announced + data[directory + 28 :]
    if both:
        data = data.replace(struct.pack("<Q", size), announced + bytes(4), 1)
    tracemalloc.start()
    try:
        with pytest.raises(LoadError, match="damaged"):
            minitorch.load(io.BytesIO(data))
        assert tracemalloc.get_traced_memory()[1] < 300_000
    finally:
        tracemalloc.stop()
