"""Draws what a training run did: its curves, and a sheet of the samples it misread."""

import math

import numpy as np
from matplotlib.figure import Figure  # not pyplot: no window, no global state, any thread
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator, PercentFormatter

TRAIN, TEST, WRONG = "#8a8f98", "#0b6bcb", "#c62828"
MOST_SHOWN = 30


def as_image(sample):
    """The sample as an image, (H, W) or (H, W, colours), or None where it is only numbers."""
    if sample.ndim == 1:
        side = math.isqrt(sample.size)
        return sample.reshape(side, side) if side >= 8 and side * side == sample.size else None
    if sample.ndim == 2:
        return sample
    if sample.ndim == 3 and sample.shape[0] in (1, 3) and sample.shape[2] not in (1, 3):
        sample = np.moveaxis(sample, 0, -1)  # (colours, H, W), as PyTorch keeps images
    if sample.ndim == 3 and sample.shape[2] in (1, 3):
        return sample[:, :, 0] if sample.shape[2] == 1 else sample
    return None


def draw(file, history, x, truth, predicted, confidence, labels, noun):
    """Writes a PNG. `history` has a row per epoch: train loss, train accuracy, test the same.

    `x`, `truth`, `predicted` and `confidence` are of the test set; `labels` names the classes.
    """
    wrong = np.flatnonzero(predicted != truth)
    right = len(truth) - len(wrong)

    figure = Figure(figsize=(13, 6.8), facecolor="white", layout="constrained")
    figure.get_layout_engine().set(w_pad=0.08, h_pad=0.08)
    figure.suptitle(
        f"{right:,} of {len(truth):,} test {noun} read right: {right / len(truth):.2%}",
        fontsize=15,
    )
    curves, sheet = figure.subfigures(1, 2, width_ratios=[1, 1.3], wspace=0.05)
    draw_curves(curves, np.asarray(history))
    # The surest mistakes first: they teach most, about the model or about the labels.
    wrong = wrong[np.argsort(-confidence[wrong], kind="stable")]
    draw_sheet(sheet, wrong, x, truth, predicted, confidence, labels, noun)
    figure.savefig(file, format="png", dpi=120)


def draw_curves(figure, history):
    loss, accuracy = figure.subplots(2, 1, sharex=True)
    epochs = np.arange(1, len(history) + 1)
    dots = "." if len(history) <= 40 else None
    for axes, train, test in ((loss, 0, 2), (accuracy, 1, 3)):
        axes.plot(epochs, history[:, train], color=TRAIN, marker=dots, label="train")
        axes.plot(epochs, history[:, test], color=TEST, marker=dots, label="test")
        axes.grid(alpha=0.25)
        axes.spines[["top", "right"]].set_visible(False)
    losses = history[:, [0, 2]]
    if losses.max() > 4 * losses.min() > 0:
        loss.set_yscale("log")  # the loss falls by factors: in steps the last epochs look flat
        loss.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        loss.yaxis.set_major_formatter("{x:g}")
        loss.yaxis.set_minor_locator(NullLocator())
    loss.set_ylabel("cross-entropy loss")
    loss.legend(frameon=False)
    accuracy.set_ylabel("accuracy")
    accuracy.set_xlabel("epoch")
    accuracy.xaxis.set_major_locator(MaxNLocator(integer=True))
    accuracy.yaxis.set_major_formatter(PercentFormatter(xmax=1, decimals=0))
    accuracy.yaxis.set_major_locator(MaxNLocator(steps=[1, 2, 5, 10], nbins=6))
    # In a long run a poor first epoch would press all the others against the ceiling: leave it out.
    low = history[1 if len(history) > 5 else 0 :, [1, 3]].min()
    accuracy.set_ylim(low - 0.12 * (1.02 - low), 1 + 0.06 * (1.02 - low))
    accuracy.set_xlim(left=1 - 0.02 * len(history))
    figure.align_ylabels()


def draw_sheet(figure, wrong, x, truth, predicted, confidence, labels, noun):
    shown = wrong[:MOST_SHOWN]
    if len(wrong) == 0:
        figure.text(0.5, 0.5, f"no misread {noun}", ha="center", va="center", fontsize=14)
        return
    some = f"the {len(shown)} surest of " if len(shown) < len(wrong) else ""
    figure.suptitle(f"misread {noun}: {some}{len(wrong):,}   (% is how sure it was)")

    columns = min(6, max(3, math.ceil(math.sqrt(len(shown)))))
    rows = max(2, math.ceil(len(shown) / columns))
    low, high = float(x[shown].min()), float(x[shown].max())
    for place, axes in enumerate(figure.subplots(rows, columns, squeeze=False).flat):
        axes.set_xticks([])
        axes.set_yticks([])
        if place >= len(shown):
            axes.set_axis_off()
            continue
        i = shown[place]
        image = as_image(x[i])
        if image is None:  # not an image: its numbers, as a line
            axes.plot(x[i].ravel(), color=TEST, linewidth=1)
        elif image.ndim == 3:
            axes.imshow((image - low) / ((high - low) or 1.0))
        else:
            # Few pixels: between them the eye needs help, or it sees squares and no digit.
            smooth = "bicubic" if max(image.shape) <= 16 else "nearest"
            axes.imshow(image, cmap="gray_r", vmin=low, vmax=high, interpolation=smooth)
        axes.spines[:].set_color("#c8ccd2")
        axes.set_title(
            f"read {labels[predicted[i]]}, {confidence[i]:.0%}", color=WRONG, fontsize=10, pad=4
        )
        axes.set_xlabel(f"is {labels[truth[i]]}", fontsize=10, labelpad=4)
