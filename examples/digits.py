"""Teaches a small network to read handwritten digits.

    python examples/digits.py                            scikit-learn's digits, a few seconds
    python examples/digits.py --data mnist/              your own data: .npz, IDX or CSV files
    python examples/digits.py --epochs 60 --resume       goes on from the last checkpoint

Read it from top to bottom: options, data, model, one epoch of training, the checkpoint, and `main`,
which ties them together. Reading files is in data_files.py, drawing is in picture.py.

The same seed gives the same numbers, to the last bit, also when the run was interrupted and resumed
in between: whatever decides what comes next (weights, momentum, the random generator's state) is in
the checkpoint, and nothing else decides.
"""

import argparse
import hashlib
import math
import os
import shlex
import shutil
import sys
from pathlib import Path

try:
    import numpy as np
    from data_files import Problem, bundled_digits, read
    from picture import as_image, draw
    from tqdm import tqdm

    import minitorch
    from minitorch import nn, optim
    from minitorch.serialization import LoadError, atomic_write
    from minitorch.utils import Checkpoint
    from minitorch.utils.data.readers import BadFile
except ModuleNotFoundError as missing:
    if __name__ != "__main__":
        raise
    print(
        f"digits.py: error: {missing.name} is not installed: pip install -e '.[examples]'",
        file=sys.stderr,
    )
    sys.exit(2)
except KeyboardInterrupt:
    sys.exit(130)


# Options -----------------------------------------------------------------------------------------

# A checkpoint can only be resumed with the same values of these: others give other numbers.
# The number of epochs is not among them, so `--epochs 60 --resume` trains a finished run further.
DECISIVE = ("seed", "hidden", "lr", "momentum", "noise", "batch_size", "test_fraction")


class OneLineParser(argparse.ArgumentParser):
    def error(self, message):  # argparse would print the whole usage before it
        self.exit(2, f"{self.prog}: error: {message} (--help lists the options)\n")


def parse_options(argv=None):
    def checked(kind, holds, wish):
        def parse(text):
            try:
                value = kind(text)
            except ValueError:
                value = math.nan
            if not holds(value):  # NaN holds nothing
                raise argparse.ArgumentTypeError(f"must be {wish}, not {text!r}")
            return value

        return parse

    count = checked(int, lambda n: 1 <= n <= 10**6, "a whole number from 1 to 1000000")
    width = checked(int, lambda n: 1 <= n <= 65536, "a whole number from 1 to 65536")
    seed = checked(int, lambda n: 0 <= n < 2**63, "a whole number from 0 to 2**63 - 1")
    rate = checked(float, lambda r: 0 < r < math.inf, "a number above 0")
    share = checked(float, lambda r: 0 < r < 1, "a number between 0 and 1")
    decay = checked(float, lambda r: 0 <= r < 1, "a number from 0 to below 1")
    amount = checked(float, lambda r: 0 <= r < math.inf, "a number of at least 0")

    parser = OneLineParser(
        prog="digits.py",
        allow_abbrev=False,
        description="Teaches a small network to read handwritten digits.",
    )

    def add(name, kind, default, metavar, help):
        parser.add_argument(
            name, type=kind, default=default, metavar=metavar, help=f"{help} (default: {default})"
        )

    parser.add_argument(
        "--data",
        nargs="+",
        metavar="FILE",
        help="an .npz with x and y; MNIST's IDX files, as IMAGES LABELS or the folder of all four; "
        "or a CSV with the label first or in a column named label "
        "(default: scikit-learn's digits)",
    )
    add("--out", Path, Path("runs/digits"), "FOLDER", "for the checkpoint and the picture")
    add("--epochs", count, 30, "N", "times to go through the data")
    add("--batch-size", count, 32, "N", "samples per step")
    add("--lr", rate, 0.02, "R", "learning rate")
    add("--momentum", decay, 0.9, "R", "share of the last step that is kept")
    add("--hidden", width, 128, "N", "width of the hidden layer")
    add("--noise", amount, 0.7, "R", "noise added to training samples")
    add("--test-fraction", share, 0.2, "R", "share of the samples held back to test on")
    add("--seed", seed, 0, "N", "decides every random number")
    parser.add_argument(
        "--resume", action="store_true", help="go on from the checkpoint in the --out folder"
    )
    return parser.parse_args(argv)


# Data --------------------------------------------------------------------------------------------


def split(samples, test_fraction):
    """Positions of the samples to train on, and of those to test on."""
    total, test = len(samples.x), samples.test
    if test is None:
        test = round(total * test_fraction)
    if not 0 < test < total:
        raise Problem(f"{test} of {total} samples are for testing: both parts need at least one")
    if samples.test is None:
        order = minitorch.randperm(total).numpy()
        return order[test:], order[:test]
    return np.arange(total - test), np.arange(total - test, total)  # they came with a test set


def standardize(x, train):
    """Moves and scales the numbers to mean 0 and variance 1, where training works best.

    Only the training samples say by how much: the test samples must stay unknown in every way.
    In an image all pixels share one scale, since a pixel that is nearly always white should not
    become as loud as the others. In a table each column has its own unit, hence its own scale.
    """
    with np.errstate(over="ignore"):  # looked at below
        mean = x[train].mean(axis=0, dtype=np.float64)
        variance = x[train].var(axis=0, dtype=np.float64)
        if as_image(x[0]) is not None:
            variance = variance.mean()
        x = x - mean
        x /= np.sqrt(np.where(variance > 0, variance, 1.0))
        x = x.astype(np.float32)
    if not np.isfinite(x).all():
        raise Problem("x has test samples too far from all training samples to work with")
    return x


def fingerprint(*arrays):
    """Equal fingerprints mean equal arrays, to the bit."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.shape} {array.dtype.str}".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


# Model and training ------------------------------------------------------------------------------


def make_model(features, hidden, classes):
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(features, hidden),
        nn.ReLU(),
        nn.Linear(hidden, classes),
    )


def train_one_epoch(model, optimizer, x, y, options, after_step):
    model.train()
    loss_of = nn.CrossEntropyLoss()
    order = minitorch.randperm(len(x))  # another order each epoch, so no order is learned
    for start in range(0, len(x), options.batch_size):
        batch = order[start : start + options.batch_size]
        inputs, targets = x[batch], y[batch]
        # Never twice the same image: the network cannot learn single pixels by heart. On
        # scikit-learn's digits this is worth half a percent of test accuracy.
        inputs = inputs + options.noise * minitorch.randn_like(inputs)
        loss = loss_of(model(inputs), targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        after_step()


def predict(model, x):
    """The model's scores (logits), in blocks: all of MNIST at once would take much memory."""
    model.eval()  # no layer of this model minds, but a dropout or batch norm of yours would
    with minitorch.no_grad():
        return minitorch.cat([model(block) for block in x.split(2048)])


def evaluate(model, x, y):
    """Loss and accuracy, on train and test samples in the same way: without noise."""
    with minitorch.no_grad():
        scores = predict(model, x)
        loss = nn.CrossEntropyLoss()(scores, y).item()
        accuracy = (scores.argmax(dim=1) == y).sum().item() / len(y)
    return loss, accuracy


# Checkpoint --------------------------------------------------------------------------------------


def write(path, content):
    """Writes a file whole or not at all: see minitorch.serialization.atomic_write."""
    try:
        with atomic_write(path) as file:
            content(file)
    except OSError as error:
        raise Problem(f"cannot write {path}: {error.strerror}") from None


def save_checkpoint(run, about, history):
    try:
        run.save(about=about, history=history)
    except OSError as error:
        raise Problem(f"cannot write {run.path}: {error.strerror}") from None


def load_checkpoint(run, about):
    """Puts everything back as it was when it was saved, and returns the history."""
    if not run.exists():
        raise Problem(f"nothing to resume: {run.path} does not exist")
    try:
        saved = run.notes()["about"]
        for name, value in about["options"].items():
            if saved["options"][name] != value:
                flag = "--" + name.replace("_", "-")
                raise Problem(
                    f"{run.path} was trained with {flag} {saved['options'][name]}, not {value}: "
                    f"resume with the same, or start anew without --resume"
                )
        if saved["data"] != about["data"]:
            raise Problem(f"{run.path} was trained on other data: resume with the same --data")
        return run.load()["history"]
    except OSError as error:
        raise Problem(f"cannot read {run.path}: {error.strerror}") from None
    except LoadError as error:
        raise Problem(str(error)) from None
    except (KeyError, TypeError, ValueError, RuntimeError):
        raise Problem(f"{run.path} is not a checkpoint of this program, or is damaged") from None


# All together ------------------------------------------------------------------------------------


def main(argv=None):
    options = parse_options(argv)
    command = sys.orig_argv if argv is None else ["python", sys.argv[0], *argv]
    saved = 0  # epochs that are safe in the checkpoint
    try:
        # Everything that can be wrong with the options is found before the first step is trained.
        samples = read(options.data) if options.data else bundled_digits()
        try:
            options.out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Problem(f"cannot make the folder {options.out}: {error.strerror}") from None
        write(options.out / "can-write", lambda file: None)
        (options.out / "can-write").unlink()
        checkpoint, picture = options.out / "checkpoint.pt", options.out / "digits.png"

        # From here on every random number (split, first weights, order, noise) follows the seed.
        minitorch.manual_seed(options.seed)
        train, test = split(samples, options.test_fraction)
        labels, classes = np.unique(samples.y, return_inverse=True)  # any labels, as 0, 1, 2, ...
        x = standardize(samples.x, train)
        x_train, x_test = minitorch.from_numpy(x[train]), minitorch.from_numpy(x[test])
        y_train, y_test = minitorch.from_numpy(classes[train]), minitorch.from_numpy(classes[test])

        model = make_model(x[0].size, options.hidden, len(labels))
        optimizer = optim.SGD(model.parameters(), lr=options.lr, momentum=options.momentum)
        run = Checkpoint(checkpoint, model=model, optimizer=optimizer)
        history = []  # a row per epoch: train loss, train accuracy, test loss, test accuracy

        about = {
            "options": {name: getattr(options, name) for name in DECISIVE},
            "data": fingerprint(samples.x, samples.y, test),
        }
        if options.resume:
            history = load_checkpoint(run, about)
            saved = len(history)
            if options.epochs < saved:
                raise Problem(f"{checkpoint} is past --epochs {options.epochs}: it has {saved}")

        print(
            f"{len(train):,} {samples.noun} to train on, {len(test):,} to test on, "
            f"{len(labels)} classes, {sum(p.numel() for p in model.parameters()):,} parameters"
        )
        steps = math.ceil(len(train) / options.batch_size)
        columns, lines = shutil.get_terminal_size()  # tqdm's own guess is 0 in some terminals
        bar = tqdm(
            total=steps * options.epochs,
            initial=steps * saved,
            unit=" steps",
            leave=False,
            ncols=min(100, columns),
            nrows=lines,
            disable=None,  # no bar where nobody looks: in a file, a pipe, a CI log
        )
        # A run that diverges is reported once, below, and not by NumPy at every step.
        with bar, np.errstate(over="ignore", invalid="ignore"):
            for past in run.epochs(options.epochs):
                epoch = past + 1
                bar.set_description(f"epoch {epoch}/{options.epochs}")
                train_one_epoch(model, optimizer, x_train, y_train, options, bar.update)

                history.append(evaluate(model, x_train, y_train) + evaluate(model, x_test, y_test))
                if not np.isfinite(history[-1]).all():
                    raise Problem(
                        f"the loss is no longer finite in epoch {epoch}: try a smaller --lr "
                        f"than {options.lr}"
                    )
                save_checkpoint(run, about, history)
                saved = epoch
                bar.write(
                    "epoch {:3d}   train loss {:.4f}  accuracy {:7.2%}"
                    "   test loss {:.4f}  accuracy {:7.2%}".format(epoch, *history[-1])
                )
                sys.stdout.flush()  # a log is read while it grows

        scores = predict(model, x_test)
        predicted = scores.argmax(dim=1).numpy()
        confidence = minitorch.softmax(scores, dim=1).amax(dim=1).numpy()
        images, truth = samples.x[test], classes[test]
        sheet = (images, truth, predicted, confidence, labels, samples.noun)
        write(picture, lambda file: draw(file, history, *sheet))

        weights = fingerprint(*(value.numpy() for value in model.state_dict().values()))
        right = int((predicted == truth).sum())
        print(f"test accuracy  {right / len(test):.2%}: {right:,} of {len(test):,} read right")
        print(f"test loss      {history[-1][2]:.6f}")
        print(f"weights        {weights[:16]} (fingerprint: the same seed gives the same)")
        print(f"checkpoint     {checkpoint}")
        print(f"picture        {picture}", flush=True)
        return 0

    except (Problem, BadFile) as problem:
        print("digits.py: error:", " ".join(str(problem).split()), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        if not saved:
            print("\nInterrupted before the first checkpoint: nothing to resume.", file=sys.stderr)
        else:
            resume = command if options.resume else [*command, "--resume"]
            print(
                f"\nInterrupted. The checkpoint holds {saved} of {options.epochs} epochs. "
                f"To go on:\n  {shlex.join(resume)}",
                file=sys.stderr,
            )
        return 130
    except BrokenPipeError:  # the reader of our output left, as `head` does: leave too
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141


if __name__ == "__main__":
    sys.exit(main())
