"""The gradients of `layers.py`, held to laws: run ``pytest`` in this folder, or this file."""

import layers
import numpy as np

from minitorch.testing import check_function, class_targets, signature, tensors


def test_affine():
    check_function((layers.affine, layers.affine_backward), signature("(n,i),(i,o),(o)->(n,o)"))


def test_relu():
    check_function((layers.relu, layers.relu_backward), tensors())


def test_layer_norm():
    check_function(
        (layers.layer_norm, layers.layer_norm_backward), signature("(n,d),(d),(d)->(n,d)")
    )


def test_cross_entropy():
    check_function(
        (layers.cross_entropy, layers.cross_entropy_backward),
        tensors(shape=(4, 3)),
        class_targets(3, shape=(4,)),
    )


def test_a_wrong_gradient_is_caught():
    """The usual mistake in layer_norm: the mean and the deviation taken for constants."""

    def wrong_backward(dout, cache):
        normal, deviation, scale = cache
        return dout * scale / deviation, (dout * normal).sum(axis=0), dout.sum(axis=0)

    try:
        check_function((layers.layer_norm, wrong_backward), signature("(n,d),(d),(d)->(n,d)"))
    except AssertionError as error:
        print(error)
        assert error.law == "gradient"
    else:
        raise AssertionError("not caught")


def test_training_lowers_the_loss():
    rng = np.random.default_rng(0)
    x, labels = rng.standard_normal((32, 5)), rng.integers(0, 3, 32)
    weight, bias = rng.standard_normal((5, 3)) * 0.1, np.zeros(3)
    losses = []
    for _ in range(50):
        scores, kept = layers.affine(x, weight, bias)
        loss, cache = layers.cross_entropy(scores, labels)
        _, d_weight, d_bias = layers.affine_backward(
            layers.cross_entropy_backward(1.0, cache)[0], kept
        )
        weight, bias = weight - 0.5 * d_weight, bias - 0.5 * d_bias
        losses.append(loss)
    assert losses[-1] < 0.9 * losses[0]


if __name__ == "__main__":
    for name, test in list(globals().items()):
        if name.startswith("test_"):
            test()
            print(name, "held")
