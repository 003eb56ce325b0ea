"""Training steps of recurrent networks: sequences of 32, batch 32, 128 wide."""

import numpy as np

from benchmarks.registry import workload
from benchmarks.workloads.training import trainer


def recurrent(T, kind):
    nn = T.nn

    class Classifier(nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = getattr(nn, kind)(128, 128, batch_first=True)
            self.head = nn.Linear(128, 10)

        def forward(self, x):
            return self.head(self.rnn(x)[0][:, -1])

    rng = np.random.default_rng(1)
    x = rng.standard_normal((32, 32, 128)).astype(np.float32)
    model = Classifier()
    optimizer = T.optim.Adam(model.parameters(), lr=0.001)
    return trainer(T, model, optimizer, nn.CrossEntropyLoss(), x, rng.integers(0, 10, 32))


@workload("lstm", "step of an LSTM, 128 wide, sequence 32, batch 32")
def lstm(T):
    return recurrent(T, "LSTM")


@workload("gru", "step of a GRU, the same")
def gru(T):
    return recurrent(T, "GRU")
