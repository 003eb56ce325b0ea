"""An LSTM (Hochreiter and Schmidhuber 1997) foretells a chaotic series, and then dreams it on.

python examples/lstm.py --series mine.txt    one number per line; without it, Mackey-Glass
"""

from common import canvas, options, read_series, save, tqdm

import minitorch as torch  # PyTorch's names and meanings: `import torch` works as well

nn, F = torch.nn, torch.nn.functional
args = options(__doc__, series="", steps=500, hidden=48, lr=0.01, seed=0, out="runs/lstm.png")
torch.manual_seed(args.seed)
series, window = torch.tensor(read_series(args.series, at_least=500)), 100
cut = len(series) * 3 // 4  # the past is for learning, the future to be foretold
series = (series - series[:cut].mean()) / series[:cut].std()
pieces, future = series[:cut].unfold(0, window + 1, 1), series[None, cut:]


class Forecaster(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.lstm, self.change = nn.LSTM(1, hidden, batch_first=True), nn.Linear(hidden, 1)

    def forward(self, x, memory=None):  # (N, T) -> (N, T): at each time, the next value
        found, memory = self.lstm(x[:, :, None], memory)
        return x + self.change(found)[:, :, 0], memory  # it will be much as now: learn the change


model, losses = Forecaster(args.hidden), []
optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)
schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, args.steps)
for _ in (bar := tqdm(range(args.steps), unit="step")):
    piece = pieces[torch.randint(len(pieces), (32,))]
    loss = F.mse_loss(model(piece[:, :-1])[0], piece[:, 1:])
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)  # through a hundred times they can explode
    optimizer.step()
    schedule.step()
    losses.append(loss.item())
    bar.set_postfix(loss=f"{loss.item():.1e}")

model.eval()
with torch.no_grad():
    guess = model(future[:, :-1])[0]
    value, memory, dream = *model(future[:, :window]), []
    while len(dream) < future.shape[1] - window:  # from now on it sees only what it foretold
        dream.append(value[0, -1].item())
        value, memory = model(value[:, -1:], memory)
    error, naive = (F.mse_loss(x, future[:, 1:]).sqrt() for x in (guess, future[:, :-1]))
print(f"test error: {error:.4f} standard deviations (foretelling no change: {naive:.4f})")

figure, _, right = canvas(losses, "mean squared error")
right.plot(future[0], color="gray", label="what happened")
right.plot(range(window, future.shape[1]), dream, label="dreamt, from what it saw to the left")
right.axvline(window, color="black", linewidth=0.7)
right.set(xlabel="time", ylabel="standard deviations")
right.legend(loc="lower left")
save(figure, args.out)
