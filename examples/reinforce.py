"""REINFORCE (Williams 1992) learns to balance a pole on a cart, from nothing but falling over.

python examples/reinforce.py --updates 120
"""

from common import canvas, options, save, tqdm

import minitorch as torch  # PyTorch's names and meanings: `import torch` works as well

nn, F = torch.nn, torch.nn.functional
args = options(__doc__, updates=120, carts=16, horizon=200, hidden=32, lr=0.01, gamma=0.98, seed=0,
               out="runs/reinforce.png")  # fmt: skip
torch.manual_seed(args.seed)


def push(state, right):
    """A fiftieth of a second of carts (1 kg) with poles (1 m, 100 g), pushed with 10 N."""
    _, speed, angle, turning = state.unbind(1)
    force = (20 * right - 10 + 0.05 * turning**2 * angle.sin()) / 1.1
    swing = (9.8 * angle.sin() - angle.cos() * force) / (2 / 3 - 0.05 / 1.1 * angle.cos() ** 2)
    moving = force - 0.05 / 1.1 * swing * angle.cos()
    return state + 0.02 * torch.stack([speed, moving, turning, swing], dim=1)


policy = nn.Sequential(nn.Linear(4, args.hidden), nn.Tanh(), nn.Linear(args.hidden, 1))
optimizer, lasted = torch.optim.Adam(policy.parameters(), lr=args.lr), []
for _ in (bar := tqdm(range(args.updates), unit="update")):
    state, stands = 0.1 * torch.rand(args.carts, 4) - 0.05, torch.ones(args.carts)
    log_chances, stood, angles = [], [], []
    for _ in range(args.horizon):
        score = policy(state)[:, 0]
        right = torch.bernoulli(score.detach().sigmoid())  # it tries things out, also unlikely ones
        log_chances.append(-F.binary_cross_entropy_with_logits(score, right, reduction="none"))
        stood.append(stands)
        angles.append(torch.where(stands > 0, state[:, 2], torch.nan))
        state = push(state, right)
        stands = stands * (state[:, 0].abs() < 2.4) * (state[:, 2].abs() < 0.2)
    stood = torch.stack(stood)  # (time, carts): the reward, 1 for each moment on its feet
    worth = stood.clone()  # what a push has led to: all reward from then on, sooner counts for more
    for t in reversed(range(len(stood) - 1)):
        worth[t] += args.gamma * worth[t + 1]
    # Was it better than with the other carts at that time? On average that changes no gradient, but
    # it takes most of the noise away. Pushes that did better become likelier, the others less so.
    better = (worth - worth.mean(dim=1, keepdim=True)) / (worth.std() + 1e-6)
    loss = -(torch.stack(log_chances) * better * stood).sum() / stood.sum()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    lasted.append(stood.sum(dim=0).mean().item())
    bar.set_postfix(stood=f"{lasted[-1]:.0f}")
print(f"poles stand for {lasted[-1]:.0f} of {args.horizon} steps; at first it was {lasted[0]:.0f}")

figure, left, right = canvas()
left.plot(lasted)
left.set(xlabel="update", ylabel="steps until the pole fell", ylim=(0, 1.02 * args.horizon))
right.plot(57.3 * torch.stack(angles).numpy(), linewidth=0.7)
right.set(title="the last poles", xlabel="step", ylabel="angle (degrees)")
save(figure, args.out)
