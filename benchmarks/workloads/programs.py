"""Training steps of small programs of several kinds, as they are written in tutorials."""

import numpy as np

from benchmarks.registry import workload
from benchmarks.workloads.training import initialize, step


def perceptron(T, *sizes):
    """Linear layers of these sizes, with tanh in between."""
    layers = []
    for i in range(len(sizes) - 1):
        layers += [T.nn.Linear(sizes[i], sizes[i + 1]), T.nn.Tanh()]
    return T.nn.Sequential(*layers[:-1])


def numbers(T, *shape):
    array = np.random.default_rng(1).standard_normal(shape).astype(np.float32)
    return T.from_numpy(array)


@workload("vae", "step of a variational autoencoder, 784-200-20, batch 64, Adam")
def vae(T):
    nn, F = T.nn, T.nn.functional
    T.manual_seed(0)
    into, out = nn.Linear(784, 200), nn.Sequential(nn.Linear(20, 200), nn.ReLU())
    mean, log_var, last = nn.Linear(200, 20), nn.Linear(200, 20), nn.Linear(200, 784)
    model = nn.ModuleList([into, out, mean, log_var, last])
    initialize(T, model)
    optimizer = T.optim.Adam(model.parameters())
    x = T.sigmoid(numbers(T, 64, 784))

    def loss_of():
        h = F.relu(into(x))
        m, v = mean(h), log_var(h)
        z = m + T.randn_like(v) * T.exp(0.5 * v)
        image = T.sigmoid(last(out(z)))
        loss = F.binary_cross_entropy(image, x, reduction="sum")
        return loss - 0.5 * T.sum(1 + v - m.pow(2) - v.exp())

    return step(optimizer, loss_of)


@workload("dcgan", "step of both networks of a DCGAN, 32x32, batch 32, Adam")
def dcgan(T):
    nn = T.nn

    def up(inputs, outputs, stride, padding):
        return [
            nn.ConvTranspose2d(inputs, outputs, 4, stride, padding, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(),
        ]

    def down(inputs, outputs):
        return [
            nn.Conv2d(inputs, outputs, 4, 2, 1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.LeakyReLU(0.2),
        ]

    T.manual_seed(0)
    generator = nn.Sequential(
        *up(64, 128, 1, 0), *up(128, 64, 2, 1), *up(64, 32, 2, 1),
        nn.ConvTranspose2d(32, 1, 4, 2, 1), nn.Tanh(),
    )  # fmt: skip
    judge = nn.Sequential(
        nn.Conv2d(1, 32, 4, 2, 1), nn.LeakyReLU(0.2),
        *down(32, 64), *down(64, 128), nn.Conv2d(128, 1, 4),
    )  # fmt: skip
    for model in (generator, judge):
        initialize(T, model)
    optimizers = [T.optim.Adam(m.parameters(), 2e-4, (0.5, 0.999)) for m in (generator, judge)]
    x, yes, no = numbers(T, 32, 1, 32, 32), T.ones(32), T.zeros(32)
    criterion = nn.BCEWithLogitsLoss()

    def loop(n):
        for _ in range(n):
            made = generator(T.randn(32, 64, 1, 1))
            optimizers[1].zero_grad()
            loss = criterion(judge(x).view(-1), yes) + criterion(judge(made.detach()).view(-1), no)
            loss.backward()
            optimizers[1].step()
            optimizers[0].zero_grad()
            loss = criterion(judge(made).view(-1), yes)
            loss.backward()
            optimizers[0].step()
        return loss

    return loop


@workload("physics", "step of a network held to Burgers' equation, 2-32-32-32-1, 256 points")
def physics(T):
    model = perceptron(T, 2, 32, 32, 32, 1)
    initialize(T, model)
    optimizer = T.optim.Adam(model.parameters())
    x = numbers(T, 256, 2).requires_grad_()

    def slope(y):
        return T.autograd.grad(y, x, T.ones_like(y), create_graph=True)[0]

    def loss_of():
        u = model(x)
        first = slope(u)
        by_x, by_t = first[:, :1], first[:, 1:]
        residue = by_t + u * by_x - 0.01 * slope(by_x)[:, :1]
        return (residue**2).mean()

    return step(optimizer, loss_of)


@workload("ode", "step of a neural ODE, 2-50-2, ten steps of Runge and Kutta, batch 20")
def ode(T):
    f = perceptron(T, 2, 50, 2)
    initialize(T, f)
    optimizer = T.optim.RMSprop(f.parameters(), 1e-3)
    start, h = numbers(T, 20, 2), 0.1

    def loss_of():
        y = start
        for _ in range(10):
            a = f(y)
            b = f(y + h / 2 * a)
            c = f(y + h / 2 * b)
            d = f(y + h * c)
            y = y + h / 6 * (a + 2 * b + 2 * c + d)
        return y.abs().mean()

    return step(optimizer, loss_of)


@workload("flow", "step of a normalizing flow (RealNVP), 4 couplings of 2-32-2, batch 128")
def flow(T):
    nets = T.nn.ModuleList([perceptron(T, 2, 32, 2) for _ in range(8)])
    initialize(T, nets)
    optimizer = T.optim.Adam(nets.parameters())
    x = numbers(T, 128, 2)
    masks = [T.tensor([1.0, 0.0]), T.tensor([0.0, 1.0])] * 2
    normal = T.distributions.Normal(0.0, 1.0)

    def loss_of():
        z, volume = x, T.zeros(128)
        for i, mask in enumerate(masks):
            kept = z * mask
            scale = nets[2 * i](kept) * (1 - mask)
            z = kept + (1 - mask) * (z * T.exp(scale) + nets[2 * i + 1](kept))
            volume = volume + scale.sum(1)
        return -(normal.log_prob(z).sum(1) + volume).mean()

    return step(optimizer, loss_of)


@workload("policy", "an episode of 50 steps with REINFORCE, 4-128-2, one state at a time")
def policy(T):
    F = T.nn.functional
    T.manual_seed(0)
    model = perceptron(T, 4, 128, 2)
    initialize(T, model)
    optimizer = T.optim.Adam(model.parameters())
    states, rewards = numbers(T, 50, 1, 4), T.arange(50.0)

    def loss_of():
        losses = []
        for state, reward in zip(states, rewards):
            choice = T.distributions.Categorical(F.softmax(model(state), dim=1))
            action = choice.sample()
            action.item()  # for the world, which answers with a reward
            losses.append(-choice.log_prob(action) * reward)
        return T.cat(losses).sum()

    return step(optimizer, loss_of)
