"""The same decoder in PyTorch, random weights: a dictionary of tensors and a forward pass."""
import math
import torch, torch.nn.functional as F
from shapes import shapes


class Decoder:
    def __init__(self, name):
        c = shapes(name)
        self.vocabulary, self.theta = c["vocab_size"], c["rope_theta"]
        self.layers, self.heads, self.groups = c["num_hidden_layers"], c["num_attention_heads"], c["num_key_value_heads"]
        self.dim, self.epsilon = c["head_dim"], c["rms_norm_eps"]
        self.norms = c["model_type"] == "qwen3"
        C, hidden = c["hidden_size"], c["intermediate_size"]
        q, kv = self.heads * self.dim, self.groups * self.dim
        draw = lambda *s, scale=None: (torch.rand(*s) * 2 - 1) * (scale or 1 / math.sqrt(s[1]))
        p = self.p = {"emb": draw(self.vocabulary, C, scale=0.02), "norm": torch.ones(C)}
        for l in range(self.layers):
            p.update({f"{l}.n1": torch.ones(C), f"{l}.n2": torch.ones(C)})
            p.update({f"{l}.q": draw(q, C), f"{l}.k": draw(kv, C), f"{l}.v": draw(kv, C), f"{l}.o": draw(C, q)})
            p.update({f"{l}.g": draw(hidden, C), f"{l}.u": draw(hidden, C), f"{l}.d": draw(C, hidden)})
            if c["model_type"] == "qwen2":
                p.update({f"{l}.qb": torch.zeros(q), f"{l}.kb": torch.zeros(kv), f"{l}.vb": torch.zeros(kv)})
            if self.norms:
                p.update({f"{l}.qn": torch.ones(self.dim), f"{l}.kn": torch.ones(self.dim)})

    def norm(self, h, gain):
        return h * torch.rsqrt(h.square().mean(-1, keepdim=True) + self.epsilon) * gain

    def tables(self, T):
        D = self.dim
        angles = torch.arange(T)[:, None] * (self.theta ** (-2 * torch.arange(D // 2) / D))[None]
        return angles.cos(), angles.sin()

    def rope(self, x, cos, sin):
        a, b = x.chunk(2, -1)
        return torch.cat([a * cos - b * sin, b * cos + a * sin], -1)

    def block(self, h, l, tables, past, mask):
        p, D = self.p, self.dim
        B, T, _ = h.shape
        x = self.norm(h, p[f"{l}.n1"])
        part = lambda n, count: F.linear(x, p[f"{l}.{n}"], p.get(f"{l}.{n}b")).view(B, T, count, D).transpose(1, 2)
        q, k, v = part("q", self.heads), part("k", self.groups), part("v", self.groups)
        if self.norms:
            q, k = self.norm(q, p[f"{l}.qn"]), self.norm(k, p[f"{l}.kn"])
        q, k = self.rope(q, *tables), self.rope(k, *tables)
        if past is not None:
            keys, values, at = past[l]
            keys[:, :, at : at + T], values[:, :, at : at + T], past[l][2] = k, v, at + T
            k, v = keys[:, :, : at + T], values[:, :, : at + T]
        wide = lambda y: y.unsqueeze(2).expand(-1, -1, self.heads // self.groups, -1, -1).reshape(B, self.heads, -1, D)
        a = q @ wide(k).transpose(-1, -2) / math.sqrt(D)
        if mask is not None:
            a = a + mask
        y = (a.softmax(-1) @ wide(v)).transpose(1, 2).reshape(B, T, self.heads * D)
        h = h + F.linear(y, p[f"{l}.o"])
        x = self.norm(h, p[f"{l}.n2"])
        return h + F.linear(F.silu(F.linear(x, p[f"{l}.g"])) * F.linear(x, p[f"{l}.u"]), p[f"{l}.d"])

    def hidden(self, tokens, past=None, position=0):
        """[B, T] -> the final normed states [B, T, C]."""
        T = tokens.shape[1]
        tables = [x[position:] for x in self.tables(position + T)]
        mask = torch.triu(torch.full((T, T), float("-inf")), 1) if T > 1 else None
        h = F.embedding(tokens, self.p["emb"])
        for l in range(self.layers):
            h = self.block(h, l, tables, past, mask)
        return self.norm(h, self.p["norm"])

    def logits(self, hidden):
        return F.linear(hidden, self.p["emb"])
