"""A transformer learns to write, character by character (Radford et al. 2018).

python examples/gpt.py --text shakespeare.txt   any text; without one, licences on this machine
"""

from common import canvas, options, read_text, save, tqdm

import minitorch as torch  # PyTorch's names and meanings: `import torch` works as well

nn, F = torch.nn, torch.nn.functional
args = options(__doc__, text="", steps=1000, context=64, length=400, seed=0, out="runs/gpt.png")
torch.manual_seed(args.seed)
letters = sorted(set(text := read_text(args.text, at_least=20 * args.context)))
pieces = torch.tensor([letters.index(c) for c in text]).unfold(0, args.context + 1, 1)  # no copy
train, test = pieces[: len(pieces) * 8 // 10], pieces[len(pieces) * 9 // 10 :]  # apart


class GPT(nn.Module):
    def __init__(self, letters, context, width=96, layers=2):
        super().__init__()
        self.letter, self.place = nn.Embedding(letters, width), nn.Embedding(context, width)
        # A layer looks back at what was said (attention, with 4 heads), then thinks about it.
        one = nn.TransformerEncoderLayer(width, 4, 4 * width, 0, batch_first=True, norm_first=True)
        self.layers = nn.TransformerEncoder(one, layers, nn.LayerNorm(width), False)
        self.score = nn.Linear(width, letters)

    def forward(self, tokens):  # (N, T) -> (N, letters, T): everywhere, scores of what comes next
        x = self.letter(tokens) + self.place.weight[: tokens.shape[1]]  # attention knows no order
        future = nn.Transformer.generate_square_subsequent_mask(tokens.shape[1])  # not to be seen
        return self.score(self.layers(x, future, is_causal=True)).transpose(1, 2)


model, losses = GPT(len(letters), args.context), []
optimizer = torch.optim.AdamW(model.parameters(), lr=0.003)
for _ in (bar := tqdm(range(args.steps), unit="step")):
    batch = train[torch.randint(len(train), (16,))]
    loss = F.cross_entropy(model(batch[:, :-1]), batch[:, 1:])  # each letter foretells the next
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
    bar.set_postfix(loss=f"{loss.item():.2f}")

model.eval()
with torch.no_grad():
    batch = test[torch.randint(len(test), (64,))]
    surprise = F.cross_entropy(model(batch[:, :-1]), batch[:, 1:], reduction="none")
    written = batch[:1, :-1]
    for _ in range(args.length):  # draw a letter, append it, and go on from there
        chances = F.softmax(model(written[:, -args.context :])[:, :, -1], dim=1)
        written = torch.cat([written, torch.multinomial(chances, 1)], dim=1)
print("".join(letters[i] for i in written[0, args.context :].tolist()))
print(f"test loss: {surprise.mean():.3f} nats per character")

figure, _, right = canvas(losses, "nats per character")
right.imshow(surprise[:8], cmap="OrRd", aspect="auto", vmax=8)
right.set(title="unseen text: the redder, the greater the surprise", xticks=[], yticks=[])
for place, i in enumerate(batch[:8, 1:].flatten().tolist()):
    right.text(place % args.context, place // args.context, letters[i], ha="center", va="center")
save(figure, args.out)
