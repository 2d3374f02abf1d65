"""PyTorch: torch_bench.py MODEL prefill,B,T|decode,B,SLOTS|step,B,T [--threads 1] [--repeats 4]"""
import argparse, json, os, resource, sys, time

parser = argparse.ArgumentParser()
for word in ("name", "what"):
    parser.add_argument(word)
parser.add_argument("--threads", type=int, default=1)
parser.add_argument("--repeats", type=int, default=4)
arguments = parser.parse_args()
name, what, threads, repeats = arguments.name, arguments.what, arguments.threads, arguments.repeats
os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = str(threads)
import torch, torch.nn.functional as F
from torch_model import Decoder

torch.set_num_threads(threads)
torch.set_num_interop_threads(1)
kind, B, T = what.split(",")
B, T = int(B), int(T)
model = Decoder(name)
V = model.vocabulary
random = torch.Generator().manual_seed(1)
tokens, labels = (torch.randint(V, (B, T), generator=random) for _ in range(2))
wall, cpu = [], []


def timed(work):
    c, t = time.process_time(), time.perf_counter()
    result = work()
    wall.append(round((time.perf_counter() - t) * 1e3, 1))
    cpu.append(round((time.process_time() - c) * 1e3, 1))
    return result


if kind == "prefill":
    with torch.no_grad():
        for _ in range(repeats):
            timed(lambda: model.logits(model.hidden(tokens)[:, -1]).argmax(-1))
elif kind == "decode":
    with torch.no_grad():
        G, D = model.groups, model.dim
        past = [[torch.zeros(B, G, T, D), torch.zeros(B, G, T, D), T // 2] for _ in range(model.layers)]
        last = tokens[:, :1]
        for _ in range(repeats):
            last = timed(lambda: model.logits(model.hidden(last, past, past[0][2])[:, -1]).argmax(-1)[:, None])
elif kind == "step":
    for x in model.p.values():
        x.requires_grad_(True)
    optimizer = torch.optim.AdamW(list(model.p.values()), lr=1e-5)

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss = F.cross_entropy(model.logits(model.hidden(tokens)).view(-1, V), labels.view(-1))
        loss.backward()
        optimizer.step()
        return float(loss)

    for _ in range(repeats):
        timed(step)
else:
    sys.exit(f"expected prefill, decode or step, got {kind}")
blas = sorted({line.split("/")[-1].strip() for line in open("/proc/self/maps") if "blas" in line})
rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
if not (torch.backends.mkl.is_available() or any("openblas" in name for name in blas)):
    sys.exit(f"expected MKL or OpenBLAS, got {blas}: the reference BLAS is 20 times slower")
version = f"PyTorch {torch.__version__}, {'MKL' if torch.backends.mkl.is_available() else 'OpenBLAS'}"
print(json.dumps(dict(cpu=cpu, wall=wall, rss=rss, version=version)))
