"""The GPT on PyTorch: torch_peer.py <data folder> <size> <plan as JSON>; prints one line RESULT {...}."""

import json
import math
import os
import resource
import statistics
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F

folder, size, plan = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
meta = json.load(open(f"{folder}/{size}.json"))
model, adamw = meta["model"], meta["adamw"]
B, T, V = model["batch"], model["T"], model["vocab"]
d, heads, layers = model["d"], model["heads"], model["layers"]
torch.set_num_threads(plan["threads"])
torch.set_num_interop_threads(1)
device = plan.get("device", "cpu")

weights = np.fromfile(f"{folder}/{size}.weights", dtype=np.float32)
x, y = (
    torch.tensor(np.fromfile(f"{folder}/{size}.{name}", dtype=np.int32), device=device).long()
    for name in "xy"
)
p, at = {}, 0
for name, shape in meta["shapes"]:
    count = int(np.prod(shape))
    p[name] = torch.tensor(weights[at : at + count].reshape(shape), device=device).requires_grad_(True)
    at += count
mask = torch.triu(torch.full((T, T), float("-inf"), device=device), 1)


def norm(h, gain):
    return h * torch.rsqrt(h.square().mean(-1, keepdim=True) + meta["epsilon"]) * gain


def block(h, l):
    qkv = norm(h, p[f"l{l}.ln1"]) @ p[f"l{l}.qkv"]
    q, k, v = qkv.view(B, T, 3, heads, d // heads).permute(2, 0, 3, 1, 4).unbind(0)
    attention = torch.softmax(q @ k.transpose(-1, -2) / math.sqrt(d // heads) + mask, -1)
    h = h + (attention @ v).transpose(1, 2).reshape(B * T, d) @ p[f"l{l}.o"]
    up = F.gelu(norm(h, p[f"l{l}.ln2"]) @ p[f"l{l}.fc"], approximate="tanh")
    return h + up @ p[f"l{l}.proj"]


def loss_of():
    h = (p["tok"][x].view(B, T, d) + p["pos"]).view(B * T, d)
    for l in range(layers):
        h = block(h, l)
    return F.cross_entropy(norm(h, p["lnf"]) @ p["head"], y)


optimizer = torch.optim.AdamW(
    list(p.values()),
    lr=adamw["lr"],
    betas=(adamw["b1"], adamw["b2"]),
    eps=adamw["eps"],
    weight_decay=adamw["wd"],
)


def step():
    optimizer.zero_grad(set_to_none=True)
    loss = loss_of()
    loss.backward()
    optimizer.step()
    return float(loss)


losses, wall, cpu = [], [], []
began = time.perf_counter()
for i in range(plan["warm"] + plan["steps"]):
    c, t = time.process_time(), time.perf_counter()
    losses.append(step())
    wall.append((time.perf_counter() - t) * 1e3)
    cpu.append((time.process_time() - c) * 1e3)
    if (time.perf_counter() - began) * 1e3 > plan["budgetMs"]:
        break
warm = min(plan["warm"], len(wall) - 1)
maps = open("/proc/self/maps") if os.path.exists("/proc/self/maps") else ()  # Linux
libraries = {line.split("/")[-1].strip() for line in maps if "/" in line}
blas = sorted(name for name in libraries if "blas" in name.lower() or "mkl" in name.lower())
library = ", ".join(blas) or "BLAS inside"
if device == "cuda":
    library = torch.cuda.get_device_name()
result = {
    "backend": f"PyTorch {torch.__version__}, {library}",
    "openblas": any("openblas" in name.lower() or "mkl" in name.lower() for name in blas),
    "firstMs": wall[0],
    "medianMs": statistics.median(wall[warm:]),
    "bestMs": min(wall[warm:]),
    "cpuMs": statistics.median(cpu[warm:]),
    "timed": len(wall) - warm,
    "losses": losses,
    "peakMB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
}
print("RESULT " + json.dumps(result))
