"""PyTorch's side of `npm run check:pytorch`.

check_pytorch.py read FOLDER          compares what we wrote there with what we say it is
check_pytorch.py write FOLDER SEED N  writes N random checkpoints and a few particular ones, for us to read

Both sides describe values alike, as JSON: [kind, ...] with a tensor's elements in base64. `read` prints
a JSON line {"name", "error"} a check; `write` leaves FOLDER/expected.json, names to descriptions (null
for a file that is to be refused).
"""

import base64
import json
import os
import pathlib
import random
import sys
from collections import OrderedDict

import torch
from torch import nn

DTYPES = [
    torch.float32,
    torch.float64,
    torch.float16,
    torch.bfloat16,
    torch.int64,
    torch.int32,
    torch.int16,
    torch.int8,
    torch.uint8,
    torch.bool,
]


def describe(value):
    if value is None:
        return ["null"]
    if isinstance(value, bool):
        return ["bool", value]
    if isinstance(value, int) and abs(value) >= 2**53:
        return ["int", str(value)]
    if isinstance(value, (int, float)):
        return ["number", value]
    if isinstance(value, str):
        return ["text", value]
    if isinstance(value, (torch.dtype, torch.device)):
        return ["text", str(value)]
    if isinstance(value, torch.Tensor):
        # A clone, since a single element may keep its stride, and then is no bytes.
        flat = value.detach().clone(memory_format=torch.contiguous_format).reshape(-1)
        elements = bytes(flat.view(torch.uint8).tolist()) if flat.numel() else b""
        dtype = str(value.dtype).removeprefix("torch.")
        return ["tensor", dtype, list(value.shape), base64.b64encode(elements).decode()]
    if isinstance(value, (list, tuple)):
        return ["list", [describe(item) for item in value]]
    if isinstance(value, dict):
        return ["dict", [[describe(key), describe(item)] for key, item in value.items()]]
    raise TypeError(f"a {type(value).__name__} cannot be described")


def load_safetensors(path):
    """Tensors by name, by the format's description alone where the safetensors package is missing."""
    try:
        from safetensors.torch import load_file

        return load_file(path)
    except ImportError:
        pass
    names = ["F32", "F64", "F16", "BF16", "I64", "I32", "I16", "I8", "U8", "BOOL"]
    dtypes = dict(zip(names, DTYPES))
    data = pathlib.Path(path).read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    tensors = {}
    for name, info in json.loads(data[8:start]).items():
        if name == "__metadata__":
            continue
        begin, end = info["data_offsets"]
        dtype = dtypes[info["dtype"]]
        part = bytearray(data[start + begin : start + end])
        flat = torch.frombuffer(part, dtype=dtype) if part else torch.empty(0, dtype=dtype)
        tensors[name] = flat.reshape(info["shape"])
    return tensors


def same(found, expected):
    if describe(found) != expected:
        raise AssertionError(f"read as {str(describe(found))[:300]}, expected {str(expected)[:300]}")


def network():
    return nn.Sequential(nn.Linear(3, 8), nn.SiLU(), nn.Linear(8, 2))


def below(tensors, prefix):
    """The tensors whose names begin with `prefix.`, by the rest of their names."""
    return {k.removeprefix(f"{prefix}."): t for k, t in tensors.items() if k.startswith(f"{prefix}.")}


def check_network(folder):
    """Our network's weights in PyTorch's network give our output."""
    file = load_safetensors(folder / "network.safetensors")
    net = network()
    net.load_state_dict(below(file, "network"), strict=True)
    difference = (net(file["x"]) - file["y"]).abs().max().item()
    assert difference < 1e-6, f"outputs differ by {difference}"


def check_adam(folder):
    """Our optimiser's state in PyTorch's optimiser takes our next step."""
    file = load_safetensors(folder / "adam.safetensors")
    net = network()
    net.load_state_dict(below(file, "network"), strict=True)
    adam = torch.optim.Adam(net.parameters(), lr=0.01)
    state = {i: below(file, f"state.{i}") for i, _ in enumerate(net.parameters())}
    adam.load_state_dict({**adam.state_dict(), "state": state})
    net(file["x"]).square().mean().backward()
    adam.step()
    for name, p in net.state_dict().items():
        difference = (p - file[f"after.{name}"]).abs().max().item()
        assert difference < 1e-6, f"{name} differs by {difference} after the step"


def read(folder):
    expected = json.loads((folder / "expected.json").read_text())

    def load(name):
        # Its order is that of the header: only names and tensors count.
        return OrderedDict(sorted(load_safetensors(folder / name).items()))

    checks = {
        f"PyTorch reads our {name}": lambda name=name: same(load(name), expected[name])
        for name in expected
    }
    checks["our network gives the same output in PyTorch"] = lambda: check_network(folder)
    checks["our Adam goes on in PyTorch"] = lambda: check_adam(folder)
    for name, check in checks.items():
        try:
            check()
            print(json.dumps({"name": name, "error": None}))
        except Exception as error:
            print(json.dumps({"name": name, "error": f"{type(error).__name__}: {error}"}))


def some_tensor(dice):
    """A tensor of any type, often a view in a larger storage."""
    dtype = dice.choice(DTYPES)
    shape = [dice.choice([0, 1, 2, 3, 5]) for _ in range(dice.randrange(5))]
    t = (torch.randn(shape) * 50).to(dtype)
    kind = dice.randrange(7)
    if kind == 0 and t.dim() > 1:
        return t.transpose(0, -1)
    if kind == 1 and t.dim() > 0 and t.size(0) > 1:
        return t[1:]
    if kind == 2 and t.dim() > 0 and t.size(-1) > 1:
        return t[..., ::2]
    if kind == 3:
        return t.unsqueeze(0).expand(3, *t.shape)
    if kind == 4 and dtype.is_floating_point:
        return nn.Parameter(t)
    if kind == 5 and t.dim() == 4:
        return t.contiguous(memory_format=torch.channels_last)
    return t


def some_state(dice):
    state = OrderedDict()
    for i in range(dice.randrange(1, 8)):
        state[f"layers.{i}.weight"] = some_tensor(dice)
    shared = next(iter(state.values()))
    state["shared"] = shared
    state["flat view of the shared"] = shared.detach().reshape(-1)[: dice.randrange(1, 4)]
    return state


class Runs:
    """What a malicious pickle does: it calls a function when it is loaded."""

    def __reduce__(self):
        return os.system, ("true",)


def write(folder, seed, count):
    torch.manual_seed(seed)
    dice = random.Random(seed)
    expected = {}

    def save(name, value, **how):
        torch.save(value, folder / name, **how)
        expected[name] = describe(value)

    for i in range(count):
        protocol = 2 + i % 4
        save(f"random_{i}_protocol{protocol}.pt", some_state(dice), pickle_protocol=protocol)

    net = nn.Sequential(nn.Conv2d(2, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(16, 2))
    net(torch.randn(5, 2, 4, 4)).square().mean().backward()
    for name, make in {
        "adam": lambda p: torch.optim.Adam(p, lr=1e-3, amsgrad=True),
        "adamw": lambda p: torch.optim.AdamW(p, lr=1e-3, betas=(0.8, 0.9), foreach=False),
        "sgd": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True),
    }.items():
        optimizer = make(list(net.parameters()))
        optimizer.step()
        save(f"{name}.pt", optimizer.state_dict())
    save("module.pt", net.state_dict())
    save("half.pt", nn.DataParallel(net).half().state_dict())
    save("scalars.pt", [None, True, False, 0, -1, 255, 256, 65536, -(2**31), 2**40, 2**64, -(2**63), 0.1, 1e300, "", "ü 🙂"])
    save("one.pt", torch.arange(3))
    save("rng.pt", {"rng": torch.get_rng_state(), "epoch": 7})
    save("sizes.pt", {"size": torch.Size([1, 2]), "dtype": torch.float16, "device": torch.device("cpu")})
    save("adam_protocol5.pt", torch.optim.Adam(net.parameters()).state_dict(), pickle_protocol=5)

    refused = {
        "module_itself": net,
        "os_system": {"weight": torch.zeros(2), "x": Runs()},
        "function": print,
        "complex": torch.zeros(2, dtype=torch.complex64),
        "sparse": torch.eye(3).to_sparse(),
    }
    for name, value in refused.items():
        torch.save(value, folder / f"{name}.pt")
        expected[f"{name}.pt"] = None
    torch.save(net.state_dict(), folder / "legacy.pt", _use_new_zipfile_serialization=False)
    expected["legacy.pt"] = None
    (folder / "expected.json").write_text(json.dumps(expected))


if __name__ == "__main__":
    torch.set_num_threads(1)
    mode, place, *rest = sys.argv[1:]
    if mode == "read":
        read(pathlib.Path(place))
    else:
        write(pathlib.Path(place), *map(int, rest))
