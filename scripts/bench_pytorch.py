#!/usr/bin/env python3
"""The training steps of both models in plain PyTorch, to compare ours with.

The same shapes and the same work as `cargo bench --bench epochs`, on random data, with PyTorch's own
operations. Prints JSON lines as the bench does: id, then the fastest and the median epoch (or step)
in seconds. These are CPU seconds of the process, or wall seconds on a GPU.

    python3 scripts/bench_pytorch.py [--cells 4271] [--device cpu] [--threads 1] [--model NAME]

Left out, to PyTorch's advantage: K-means of the memberships in JojoSCL, and the refresh of the
perturbed graph in scSiameseClu.
"""

import argparse
import json
import statistics
import time
import warnings

import torch
import torch.nn.functional as F
from torch import nn

GENES, COUNTED_GENES, COMPONENTS, LATENT, CLUSTERS = 2000, 1000, 100, 20, 8
EPOCHS = 12


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cells", type=int, default=4271)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--model", choices=["mlp", "jojoscl", "scsiameseclu"])
    return parser.parse_args()


class Clock:
    """CPU seconds, or wall seconds on a GPU."""

    def __init__(self, device):
        self.gpu = device.type != "cpu"

    def __call__(self):
        if self.gpu:
            torch.cuda.synchronize()
            return time.perf_counter()
        return time.process_time()

    def report(self, name, repeats, work):
        work()  # warm up
        seconds = []
        for _ in range(repeats):
            start = self()
            work()
            seconds.append(self() - start)
        figures = {"id": name, "min": min(seconds), "median": statistics.median(seconds)}
        if self.gpu:
            figures["peak_mb"] = torch.cuda.max_memory_allocated() / 1e6
        print(json.dumps(figures), flush=True)


def blocks(widths):
    layers = []
    for a, b in zip(widths, widths[1:]):
        layers += [nn.Linear(a, b, bias=False), nn.BatchNorm1d(b), nn.ReLU()]
    return nn.Sequential(*layers)


def mlp(clock, device, batch):
    net = blocks([GENES, 512, 256, 128]).to(device)
    adam = torch.optim.Adam(net.parameters())
    x = torch.randn(batch, GENES, device=device)

    def step():
        adam.zero_grad()
        net(x).square().sum().backward()
        adam.step()

    clock.report(f"mlp/{batch}", 100 if batch < 1000 else 12, step)


class JojoScl(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = blocks([GENES, 512, 256, 128])
        self.projection = nn.Sequential(nn.Linear(128, 192), nn.ReLU(), nn.Linear(192, 192))
        self.cluster = nn.Sequential(nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, CLUSTERS))

    def heads(self, h):
        h = F.normalize(h)
        return F.normalize(self.projection(h)), self.cluster(h).softmax(1)


def nt_xent(a, b, temperature):
    z = torch.cat([a, b])
    n = len(a)
    logits = z @ z.T / temperature
    logits.fill_diagonal_(-1e9)
    target = torch.arange(2 * n, device=z.device).roll(n)
    return F.cross_entropy(logits, target)


def imbalance(q):
    p = q.mean(0)
    return (p * p.clamp_min(1e-30).log()).sum() + torch.tensor(float(CLUSTERS)).log()


def sure(z, replicate, labels):
    """Mean risk of shrinking rows to their cluster means; the replicates give the variance."""
    n, p = z.shape
    member = F.one_hot(labels, CLUSTERS).to(z.dtype)
    size = member.sum(0)
    mean = member.T @ z / size.clamp_min(1.0)[:, None]
    spread = member.T @ (z - mean[labels]).square().sum(1, keepdim=True)
    noise = ((z - replicate).square().sum() / (2 * n * p)).detach()
    residual = (size - 1).clamp_min(0.0)
    spread = spread.squeeze(1)
    b = (residual * p * noise / spread.clamp_min(1e-12)).clamp(max=1.0).detach()
    return (size * p * noise + b * b * spread - 2 * residual * p * noise * b).sum() / n


def jojoscl(clock, device, cells):
    model = JojoScl().to(device)
    key = blocks([GENES, 512, 256, 128]).to(device)
    key.load_state_dict(model.encoder.state_dict())
    adam = torch.optim.Adam(model.parameters(), lr=1e-3)
    x = torch.randn(cells, GENES, device=device)
    neighbors = torch.randint(0, cells, (cells, 10), device=device)
    labels = torch.randint(0, CLUSTERS, (cells,), device=device)
    n_batches = max(-(-cells // 200), min(16, cells // 32))

    def view(rows):
        return F.dropout(x[rows], 0.9) + 0.1 * torch.randn(len(rows), GENES, device=device)

    def epoch():
        for rows in torch.randperm(cells, device=device).tensor_split(n_batches):
            column = torch.randint(0, 10, (len(rows),), device=device)
            own = torch.rand(len(rows), device=device) < 0.5
            positive = torch.where(own, rows, neighbors[rows, column])
            with torch.no_grad():
                h_key = key(view(positive))
            z_a, q_a = model.heads(model.encoder(view(rows)))
            z_b, q_b = model.heads(h_key)
            columns = [F.normalize(q.T) for q in (q_a, q_b)]
            loss = nt_xent(z_a, z_b, 0.07) + nt_xent(*columns, 1.0)
            loss = loss + imbalance(q_a) + imbalance(q_b) + sure(z_a, z_b, labels[rows])
            adam.zero_grad()
            loss.backward()
            adam.step()
            with torch.no_grad():
                for k, q in zip(key.parameters(), model.encoder.parameters()):
                    k.lerp_(q, 0.5)

    clock.report(f"jojoscl/training/{cells}", EPOCHS - 1, epoch)


class Mlp(nn.Module):
    def __init__(self, widths, last_linear):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in zip(widths, widths[1:]))
        self.last_linear = last_linear

    def forward(self, h):
        for i, layer in enumerate(self.layers):
            h = layer(h)
            if not (self.last_linear and i + 1 == len(self.layers)):
                h = F.leaky_relu(h, 0.2)
        return h


class Gcn(nn.Module):
    def __init__(self, widths):
        super().__init__()
        self.layers = nn.ModuleList(
            nn.Linear(a, b, bias=False) for a, b in zip(widths, widths[1:])
        )

    def forward(self, along, h):
        found = []
        for i, layer in enumerate(self.layers):
            h = layer(h)
            h = along(h if i + 1 == len(self.layers) else h.tanh())
            found.append(h)
        return found


class ScSiameseClu(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = Mlp([COMPONENTS, 128, 256, 512, LATENT], True)
        self.trunk = Mlp([LATENT, 512, 256, 128], False)
        self.reconstruction = nn.Linear(128, COMPONENTS)
        self.counts = nn.ModuleList(nn.Linear(128, COUNTED_GENES) for _ in range(3))
        self.graph = Gcn([COMPONENTS, 128, 256, LATENT])
        self.graph_decoder = Gcn([LATENT, 256, 128, COMPONENTS])
        self.a = nn.Parameter(torch.full((LATENT,), 0.5))
        self.b = nn.Parameter(torch.full((LATENT,), 0.5))
        self.rho = nn.Parameter(torch.zeros(1))
        self.centroids = nn.Parameter(torch.randn(CLUSTERS, LATENT))


def zinb(model, trunk, counts, size):
    mean, dispersion, logit = [head(trunk) for head in model.counts]
    mu = mean.exp().clamp(1e-5, 1e6) * size
    theta = F.softplus(dispersion).clamp(1e-4, 1e4)
    log_ratio = (theta + mu).log()
    log_nb_zero = theta * (theta.log() - log_ratio)
    zero = F.softplus(log_nb_zero - logit) - F.softplus(-logit)
    rest = (
        torch.lgamma(counts + theta)
        - torch.lgamma(theta)
        - torch.lgamma(counts + 1)
        + log_nb_zero
        + counts * (mu.log() - log_ratio)
        - F.softplus(logit)
    )
    return -torch.where(counts > 0, rest, zero).mean()


def correlation(a, b):
    a, b = F.normalize(a), F.normalize(b)
    n = len(a)
    own = (a * b).sum(1)
    total = ((a.T @ a) * (b.T @ b)).sum()
    return (own - 1).square().mean() + (total - own.square().sum()) / (n * (n - 1))


def latent_correlation(a, b, q):
    q = q / q.sum(0)
    return correlation(a.T @ q, b.T @ q)


def jsd(p, q):
    p, q = p.log_softmax(1), q.log_softmax(1)
    m = torch.logaddexp(p, q) - torch.log(torch.tensor(2.0))
    return 0.5 * (p.exp() * (p - m) + q.exp() * (q - m)).sum(1).mean()


def knn_graph(x, k):
    """Normalised adjacency of the symmetric kNN graph as a CSR tensor, and its edges."""
    n = len(x)
    nearest = [torch.cdist(part, x).topk(k + 1, largest=False).indices for part in x.split(1000)]
    columns = torch.cat(nearest)[:, 1:].reshape(-1)
    rows = torch.arange(n, device=x.device).repeat_interleave(k)
    own = torch.arange(n, device=x.device)
    pairs = torch.stack([torch.cat([rows, columns, own]), torch.cat([columns, rows, own])])
    pairs = torch.unique(pairs, dim=1)
    degree = torch.bincount(pairs[0], minlength=n).to(x.dtype)
    values = (degree[pairs[0]] * degree[pairs[1]]).rsqrt()
    s = torch.sparse_coo_tensor(pairs, values, (n, n)).to_sparse_csr()
    return s, pairs


class Spmm(torch.autograd.Function):
    """The product with a symmetric CSR matrix, which is its own gradient."""

    @staticmethod
    def forward(ctx, s, x):
        ctx.s = s
        return s @ x

    @staticmethod
    def backward(ctx, gradient):
        return None, ctx.s @ gradient


def diffusion(s, alpha=0.2, products=8):
    radius = 1 - alpha

    def along(x):
        previous, y, weight = x, radius * Spmm.apply(s, x) + alpha * x, 2 / (2 - radius**2)
        for _ in range(products - 1):
            step = radius * Spmm.apply(s, y) + alpha * x
            previous, y = y, weight * (step - previous) + previous
            weight = 1 / (1 - radius**2 * weight / 4)
        return y

    return along


def structure(z, decoded, edges, n_drawn):
    n = len(z)
    drawn = torch.randint(0, n, (2, n * n_drawn), device=z.device)
    pairs = torch.cat([edges, drawn], 1)
    target = torch.cat([torch.ones(edges.shape[1]), torch.zeros(drawn.shape[1])]).to(z.device)
    dot = (z[pairs[0]] * z[pairs[1]]).sum(1) + (decoded[pairs[0]] * decoded[pairs[1]]).sum(1)
    return (dot.sigmoid() - target).square().mean()


def scsiameseclu(clock, device, cells):
    model = ScSiameseClu().to(device)
    adam = torch.optim.Adam(model.parameters(), lr=3e-4)
    x = torch.randn(cells, COMPONENTS, device=device)
    counts = torch.poisson(torch.full((cells, COUNTED_GENES), 0.15, device=device))
    size = torch.rand(cells, 1, device=device) + 0.5
    plan = torch.rand(cells, CLUSTERS, device=device).softmax(1)
    s, edges = knn_graph(x[:, :20].contiguous(), 10)
    signal = s @ x
    along = [lambda h: Spmm.apply(s, h), diffusion(s)]

    def noisy(x):
        return x * (1 + 0.1 * torch.randn_like(x))

    def step(loss):
        adam.zero_grad()
        loss.backward()
        adam.step()

    def autoencoder():
        for rows in torch.randperm(cells, device=device).tensor_split(max(-(-cells // 256), 16)):
            trunk = model.trunk(model.encoder(noisy(x[rows])))
            loss = F.mse_loss(model.reconstruction(trunk), x[rows])
            step(loss + 0.1 * zinb(model, trunk, counts[rows], size[rows]))

    def main():
        views = [noisy(x), noisy(x)]
        expression = [model.encoder(v) for v in views]
        graph = [model.graph(along[v], views[v]) for v in range(2)]
        latent = [g[-1] for g in graph]
        blend = model.a * sum(expression) / 2 + model.b * sum(latent) / 2
        local = along[0](blend)
        z = model.rho * ((local @ local.T).softmax(1) @ local) + local
        trunk = model.trunk(z)
        loss = F.mse_loss(model.reconstruction(trunk), x)
        some = torch.randperm(cells, device=device)[:1024]
        loss = loss + 0.1 * zinb(model, trunk[some], counts[some], size[some])
        decoded = model.graph_decoder(along[0], z)[-1]
        loss = loss + F.mse_loss(decoded, signal)
        loss = loss + 0.1 * structure(sum(latent) / 2, decoded, edges, 5)
        distance = torch.cdist(z, model.centroids).square()
        log_q = (-distance.log1p()).log_softmax(1)
        q = log_q.exp().detach()
        loss = loss + 0.1 * correlation(*expression) + 5 * correlation(*latent)
        loss = loss + latent_correlation(*expression, q) + latent_correlation(*latent, q)
        for v in range(2):
            for h in graph[v]:
                loss = loss + jsd(along[v](h), h)
        step(loss + (plan * (plan.clamp_min(1e-30).log() - log_q)).sum() / cells)

    clock.report(f"scsiameseclu/autoencoder/{cells}", EPOCHS - 1, autoencoder)
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats()
    clock.report(f"scsiameseclu/main/{cells}", EPOCHS - 1, main)


def run():
    args = arguments()
    warnings.filterwarnings("ignore", message="Sparse")
    torch.manual_seed(0)
    torch.set_num_threads(args.threads)
    device = torch.device(args.device)
    clock = Clock(device)
    wanted = lambda model: args.model in (None, model)
    if wanted("mlp"):
        mlp(clock, device, 256)
        mlp(clock, device, 4096)
    if wanted("jojoscl"):
        jojoscl(clock, device, args.cells)
    if wanted("scsiameseclu"):
        scsiameseclu(clock, device, args.cells)


if __name__ == "__main__":
    run()
