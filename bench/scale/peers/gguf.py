"""gguf.py MODEL F32|F16|Q8_0 FILE.gguf: random weights in a model's shapes, for llama.cpp."""
import struct, sys
import numpy as np
from shapes import shapes

name, kind, path = sys.argv[1:4]
c = shapes(name)
V, L, C, hidden = c["vocab_size"], c["num_hidden_layers"], c["hidden_size"], c["intermediate_size"]
H, G, D = c["num_attention_heads"], c["num_key_value_heads"], c["head_dim"]
architecture = c["model_type"]
random = np.random.default_rng(1)
TYPES = {"F32": 0, "F16": 1, "Q8_0": 8}
FILE_TYPES = {"F32": 0, "F16": 1, "Q8_0": 7}

text = lambda s: struct.pack("<Q", len(s.encode())) + s.encode()
fields = []
put = lambda key, kind, value: fields.append(text(key) + struct.pack("<I", kind) + value)
u32 = lambda key, value: put(key, 4, struct.pack("<I", value))
f32 = lambda key, value: put(key, 6, struct.pack("<f", value))
string = lambda key, value: put(key, 8, text(value))
array = lambda key, kind, count, data: put(key, 9, struct.pack("<IQ", kind, count) + data)

string("general.architecture", architecture)
string("general.name", name)
u32("general.file_type", FILE_TYPES[kind])
sizes = {
    "context_length": c["max_position_embeddings"],
    "embedding_length": C,
    "block_count": L,
    "feed_forward_length": hidden,
    "attention.head_count": H,
    "attention.head_count_kv": G,
    "vocab_size": V,
}
if architecture != "qwen2":
    sizes["rope.dimension_count"] = D
if architecture == "qwen3":
    sizes |= {"attention.key_length": D, "attention.value_length": D}
for key, value in sizes.items():
    u32(f"{architecture}.{key}", value)
f32(f"{architecture}.rope.freq_base", c["rope_theta"])
f32(f"{architecture}.attention.layer_norm_rms_epsilon", c["rms_norm_eps"])

# A vocabulary that llama.cpp accepts: specials, 256 bytes, and names.
tokens = ["<unk>", "<s>", "</s>"] + [f"<0x{i:02X}>" for i in range(256)] + ["\u2581", "\u2581a"]
tokens += [f"t{i}" for i in range(V - len(tokens))]
types = np.ones(V, "<i4")
types[0], types[1:3], types[3:259] = 2, 3, 6
string("tokenizer.ggml.model", "llama")
string("tokenizer.ggml.pre", "default")
array("tokenizer.ggml.tokens", 8, V, b"".join(map(text, tokens)))
array("tokenizer.ggml.scores", 6, V, np.zeros(V, "<f4").tobytes())
array("tokenizer.ggml.token_type", 5, V, types.tobytes())
for key, value in (("bos", 1), ("eos", 2), ("unknown", 0)):
    u32(f"tokenizer.ggml.{key}_token_id", value)

tensors = [("token_embd.weight", (V, C)), ("output_norm.weight", (C,))]
for l in range(L):
    block = [("attn_norm.weight", (C,)), ("ffn_norm.weight", (C,))]
    block += [("attn_q.weight", (H * D, C)), ("attn_k.weight", (G * D, C)), ("attn_v.weight", (G * D, C))]
    block += [("attn_output.weight", (C, H * D)), ("ffn_down.weight", (C, hidden))]
    block += [("ffn_gate.weight", (hidden, C)), ("ffn_up.weight", (hidden, C))]
    if architecture == "qwen2":
        block += [("attn_q.bias", (H * D,)), ("attn_k.bias", (G * D,)), ("attn_v.bias", (G * D,))]
    if architecture == "qwen3":
        block += [("attn_q_norm.weight", (D,)), ("attn_k_norm.weight", (D,))]
    tensors += [(f"blk.{l}.{name}", shape) for name, shape in block]

type_of = lambda shape: 0 if len(shape) == 1 else TYPES[kind]
size_of = lambda shape: {0: lambda n: 4 * n, 1: lambda n: 2 * n, 8: lambda n: n // 32 * 34}[type_of(shape)](int(np.prod(shape)))
padding = lambda n: -n % 32


def data(name, shape):
    n, scale = int(np.prod(shape)), 0.02 if "embd" in name else 1 / np.sqrt(shape[-1])
    if len(shape) == 1:
        return (np.zeros if "bias" in name else np.ones)(n, "<f4").tobytes()
    if kind == "Q8_0":
        blocks = np.zeros(n // 32, dtype=[("d", "<f2"), ("q", "i1", 32)])
        blocks["d"], blocks["q"] = scale / 127, random.integers(-127, 128, (n // 32, 32), dtype=np.int8)
        return blocks.tobytes()
    return ((random.random(n, dtype=np.float32) * 2 - 1) * scale).astype("<f4" if kind == "F32" else "<f2").tobytes()


infos, offset = b"", 0
for key, shape in tensors:
    infos += text(key) + struct.pack("<I", len(shape)) + b"".join(struct.pack("<Q", d) for d in reversed(shape))
    infos += struct.pack("<IQ", type_of(shape), offset)
    offset += size_of(shape) + padding(size_of(shape))
with open(path, "wb") as file:
    file.write(b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(fields)) + b"".join(fields) + infos)
    file.write(b"\0" * padding(file.tell()))
    for key, shape in tensors:
        numbers = data(key, shape)
        file.write(numbers + b"\0" * padding(len(numbers)))
