"""A convolutional network learns to read handwritten digits.

python examples/convnet.py --epochs 30          98.5 % and more, in less than a minute
"""

from common import canvas, options, save, tqdm
from sklearn.datasets import load_digits

import minitorch as torch  # PyTorch's names and meanings: `import torch` works as well

nn, F = torch.nn, torch.nn.functional
args = options(__doc__, epochs=30, batch=64, lr=0.01, seed=0, out="runs/convnet.png")
# 1,797 scans of 8 x 8 pixels. A fifth is kept to test with: by a generator of its own, so that no
# seed can get an easier test than others.
images, labels = load_digits(return_X_y=True)
x = torch.from_numpy(images / 8 - 1).float().reshape(-1, 1, 8, 8)  # from -1, white, to 1, black
y = torch.from_numpy(labels).long()
order = torch.randperm(len(x), generator=torch.Generator().manual_seed(0))
test, train = order[:360], order[360:]

torch.manual_seed(args.seed)
# A convolution looks for the same small pattern everywhere. The first finds strokes, the next ones
# how they meet; pooling makes it matter less where exactly. Batch norm keeps signals of one size.
sizes = [(1, 32), (32, 64), (64, 64)]
blocks = [[nn.Conv2d(a, b, 3, padding=1), nn.BatchNorm2d(b), nn.ReLU()] for a, b in sizes]
pool = nn.MaxPool2d(2)  # 8 x 8 -> 4 x 4 -> 2 x 2
layers = [*blocks[0], *blocks[1], pool, *blocks[2], pool]
model = nn.Sequential(*layers, nn.Flatten(), nn.Dropout(0.3), nn.Linear(64 * 2 * 2, 10))

optimizer = torch.optim.AdamW(model.parameters(), lr=args.lr, weight_decay=0.01)
losses, steps = [], args.epochs * -(-len(train) // args.batch)
# Small steps first, while nothing makes sense yet; then large ones; then ever smaller, to settle.
schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, args.lr, total_steps=steps)
for _ in (bar := tqdm(range(args.epochs), unit="epoch")):
    for batch in train[torch.randperm(len(train))].split(args.batch):
        # Moved by a pixel, a digit is still the same digit: the network never sees an image twice.
        moved = torch.roll(x[batch], torch.randint(-1, 2, (2,)).tolist(), dims=(2, 3))
        inputs = moved + 0.2 * torch.randn_like(moved)
        loss = F.cross_entropy(model(inputs), y[batch], label_smoothing=0.05)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
    bar.set_postfix(loss=f"{losses[-1]:.3f}")

model.eval()  # no dropout now, and batch norm with the statistics that it has gathered
with torch.no_grad():
    read = model(x[test]).argmax(1)
wrong = (read != y[test]).nonzero().flatten().tolist()
print(f"test accuracy: {1 - len(wrong) / len(test):.2%} ({len(wrong)} of {len(test)} misread)")
figure, _, right = canvas(losses, "of smoothed labels")
for place, i in enumerate(wrong[:8]):
    across, down = 10 * (place % 4), 11 * (place // 4)
    scan, where = images[test[i]].reshape(8, 8), (across, across + 8, down + 8, down)
    right.imshow(scan, cmap="gray_r", extent=where, interpolation="bicubic")
    right.text(across, down - 0.5, f"{y[test[i]]} read as {read[i]}")
right.set(title="misread", xlim=(-1, 39), ylim=(20, -2), xticks=[], yticks=[])
save(figure, args.out)
