"""Training steps of convolutional networks: LeNet, and a small ResNet with batch norm."""

from benchmarks.registry import workload
from benchmarks.workloads.training import images, trainer


def lenet(T):
    nn = T.nn
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(400, 120),
        nn.ReLU(),
        nn.Linear(120, 84),
        nn.ReLU(),
        nn.Linear(84, 10),
    )


def resnet(T):
    nn = T.nn
    relu = nn.functional.relu

    class Block(nn.Module):
        def __init__(self, inputs, outputs, stride):
            super().__init__()
            self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
            self.bn1 = nn.BatchNorm2d(outputs)
            self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
            self.bn2 = nn.BatchNorm2d(outputs)
            self.shortcut = nn.Identity()
            if stride > 1 or inputs != outputs:
                self.shortcut = nn.Sequential(
                    nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
                )

        def forward(self, x):
            out = relu(self.bn1(self.conv1(x)))
            out = self.bn2(self.conv2(out))
            return relu(out + self.shortcut(x))

    return nn.Sequential(
        nn.Conv2d(3, 16, 3, padding=1, bias=False),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        Block(16, 16, 1),
        Block(16, 32, 2),
        Block(32, 64, 2),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(64, 10),
    )


def with_momentum(T, model, x, y):
    optimizer = T.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    return trainer(T, model, optimizer, T.nn.CrossEntropyLoss(), x, y)


@workload("lenet", "step of LeNet, 28x28, batch 64")
def lenet_step(T):
    return with_momentum(T, lenet(T), *images(1, 28, 64))


@workload("resnet", "step of a small ResNet with batch norm, 32x32, batch 32", memory=True)
def resnet_step(T):
    return with_momentum(T, resnet(T), *images(3, 32, 32))
