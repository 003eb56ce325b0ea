"""Views: tensors that look into another tensor's memory.

A view knows its *base* (the tensor that it looks into, itself no view) and the *steps* that lead
from there to it: view ops with their settings.  The base knows its living views, weakly.  With
that, a write through any of them can be told to all of them (`minitorch.ops.inplace`).
"""

from __future__ import annotations

import weakref
from typing import Any

from minitorch.engine.backward import edge_of
from minitorch.engine.clock import owner
from minitorch.engine.modes import mode
from minitorch.engine.state import DeadEnd, Node, wrap

Steps = tuple[tuple[Any, tuple[Any, ...]], ...]

NO_GRAD = "was made under no_grad()"
_new, _ref = object.__new__, weakref.ref
SEVERAL = "is one of several views that one call returned"


class View:
    """That a tensor looks into the memory of `base`, and how: `steps` lead from base to view.

    `refusal`  None, or why an in-place write through this view cannot be differentiated
    """

    __slots__ = ("base", "refusal", "steps")
    base: Any
    steps: Steps
    refusal: str | None


def view_of(base: Any, steps: Steps, refusal: str | None = None) -> View:
    """A `View`: made without a constructor, which would be a third of what a view costs."""
    view = _new(View)
    view.base = base
    view.steps = steps
    view.refusal = refusal
    return view


def mark_view(result: Any, source: Any, call: Any, settings: tuple[Any, ...],
              refusal: str | None = None) -> Any:  # fmt: skip
    """Remember that `result` is the view ``call(source, *settings)``, if it shares memory."""
    memory, whole = result._data.base, source._data
    if memory is not whole and (
        memory is None or (memory is not whole.base and owner(memory) is not owner(whole))
    ):
        return result
    above = source._view
    result._view = view = _new(View)
    if above is None:
        view.base = base = source
        view.steps = ((call, settings),)
    else:
        view.base = base = above.base
        view.steps = (*above.steps, (call, settings))
        refusal = refusal or above.refusal
    if not mode.recording:
        refusal = NO_GRAD
        if base._node is not None:
            result._node = DeadEnd(result._data)
    view.refusal = refusal
    views = base._live_views
    if views is None:
        base._live_views = [_ref(result)]
        return result
    if len(views) >= 8 and len(views) & (len(views) - 1) == 0:
        views[:] = [ref for ref in views if ref() is not None]  # at each power of two: amortised
    views.append(_ref(result))
    return result


def living_views(base: Any) -> list[Any]:
    """The tensors that look into the memory of `base`."""
    views = [ref() for ref in base._live_views or ()]
    return [v for v in views if v is not None and v._view is not None and v._view.base is base]


def replay(base: Any, steps: Steps) -> Any:
    """The view that `steps` lead to, looked up in `base`: an array or a Tensor, as `base` is."""
    for call, settings in steps:
        base = call(base, *settings)
    return base


def refresh_views(base: Any) -> None:
    """After a write to the memory of `base`: every view of it is looked up in it again.

    The history of a view is part of that of its base.  Where that is not so, the view is lost.
    """
    edge = edge_of(base)
    if edge is None:  # then no view has its history from there, unless base.detach_() was called
        if not base._cut:
            return
        edge = DeadEnd(base._data)
    for view in living_views(base):
        if isinstance(view, _Stale) or (base._cut and view._node is None):
            continue
        if view._view.refusal is not None:
            view.__class__ = _stale(type(view))
            continue
        recording, mode.recording = mode.recording, True
        try:
            node = replay(wrap(base._data, edge), view._view.steps)._node
        finally:
            mode.recording = recording
        keep_retaining(view, node)
        view._node = node


def keep_retaining(tensor: Any, node: Any) -> None:
    """``retain_grad`` is for the tensor: it moves to its new node."""
    old = tensor._node
    if isinstance(old, Node) and isinstance(node, Node) and old.extra is not None:
        if "retain_grad" in old.extra:
            node.hooks("more")
            node.extra["retain_grad"] = old.extra.pop("retain_grad")  # type: ignore[index]


def inherit_requires_grad(base: Any) -> None:
    """``base.requires_grad_()`` has been called: its views require grad if it does."""
    for view in living_views(base):
        if isinstance(view, _Stale):
            continue
        if base._node is not None and view._node is None:
            view._node = DeadEnd(view._data)
        elif base._node is None and isinstance(view._node, DeadEnd):
            view._node = None


class _Stale:
    """Mixed into the class of a view whose base was written while its own history is unknown.

    As in PyTorch, whatever would record an operation on such a view is an error.  A class of its
    own means that ordinary tensors pay nothing for the question.
    """

    __slots__ = ()


_stale_classes: dict[type, type] = {}


def _stale(kind: type) -> type:
    if kind not in _stale_classes:

        def get(self: Any) -> Any:
            if not mode.recording:
                return None
            raise RuntimeError(
                f"this view {self._view.refusal}, and its base or another view of it has been "
                "written in place since: its gradient is not known. Take the view again, or "
                "clone() before writing"
            )

        node = kind._node.__get__  # type: ignore[attr-defined]
        namespace = {
            "__slots__": (),
            "__module__": kind.__module__,
            "_node": property(get),
            "requires_grad": property(lambda self: True),
            "is_leaf": property(lambda self: not isinstance(node(self), Node)
                                or isinstance(node(self), DeadEnd)),
            "retain_grad": lambda self: None,
            "detach": lambda self: wrap(self._data),
            "requires_grad_": lambda self, requires_grad=True: self,
        }  # fmt: skip
        _stale_classes[kind] = type(kind.__name__, (_Stale, kind), namespace)
    return _stale_classes[kind]
