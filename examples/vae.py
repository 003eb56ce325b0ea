"""A variational autoencoder (Kingma and Welling 2014) learns to draw digits of its own.

python examples/vae.py --epochs 120            a map of all digits, in half a minute
"""

from common import canvas, options, save, tqdm
from sklearn.datasets import load_digits

import minitorch as torch  # PyTorch's names and meanings: `import torch` works as well

nn, F = torch.nn, torch.nn.functional
args = options(__doc__, epochs=120, batch=64, hidden=256, lr=0.002, seed=0, out="runs/vae.png")
torch.manual_seed(args.seed)
images, labels = load_digits(return_X_y=True)
x = torch.from_numpy(images / 16).float()  # 1,797 images of 64 pixels, from 0 to 1


class VAE(nn.Module):  # says where on a map an image lies, and draws what lies somewhere
    def __init__(self, pixels, hidden):
        super().__init__()
        # For each image not a point but a cloud, by its centre and the logarithm of its variance:
        # clouds overlap, so neighbours on the map must look alike, and no place is left empty.
        self.encode = nn.Sequential(nn.Linear(pixels, hidden), nn.ReLU(), nn.Linear(hidden, 4))
        sizes = [nn.Linear(2, hidden), nn.Linear(hidden, hidden), nn.Linear(hidden, pixels)]
        self.decode = nn.Sequential(sizes[0], nn.ReLU(), sizes[1], nn.ReLU(), sizes[2])

    def forward(self, x):
        centre, log_variance = self.encode(x).chunk(2, dim=1)
        # A random point of the cloud, written so that gradients reach centre and variance.
        point = centre + torch.exp(log_variance / 2) * torch.randn_like(centre)
        # What the cloud tells, in nats: its divergence from the standard normal distribution.
        told = (centre**2 + log_variance.exp() - 1 - log_variance).sum(dim=1) / 2
        return self.decode(point), told


model = VAE(x.shape[1], args.hidden)
optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)
for _ in (bar := tqdm(range(args.epochs), unit="epoch")):
    total = 0.0
    for batch in torch.randperm(len(x)).split(args.batch):
        drawn, told = model(x[batch])
        error = F.binary_cross_entropy_with_logits(drawn, x[batch], reduction="sum")
        loss = (error + told.sum()) / len(batch)  # bounds the negative log-likelihood from above
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(batch) / len(x)
    bar.set_postfix(loss=f"{total:.2f}")
print(f"loss: {total:.2f} nats per image")
with torch.no_grad():
    centre = model.encode.eval()(x)[:, :2]
    steps = torch.special.ndtri(torch.linspace(0.03, 0.97, 12))  # denser where more images are
    points = torch.cartesian_prod(-steps, steps).flip(1)  # row by row, from the top left
    drawn = F.pad(model.decode.eval()(points).sigmoid().reshape(12, 12, 8, 8), (1, 1, 1, 1))
figure, left, right = canvas()
dots = left.scatter(centre[:, 0], centre[:, 1], c=labels, cmap="tab10", s=5)
left.legend(*dots.legend_elements(), ncols=2, title="where the digits are")
right.imshow(drawn.permute(0, 2, 1, 3).reshape(120, 120), cmap="gray_r", interpolation="bicubic")
right.set(title="what the decoder draws there", xticks=[], yticks=[])
save(figure, args.out)
