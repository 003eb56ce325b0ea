"""Writing files whole: at any moment a path names the whole old file or the whole new one."""

from __future__ import annotations

import contextlib
import itertools
import os
import stat
from collections.abc import Iterator
from typing import BinaryIO

try:
    import fcntl
except ImportError:  # Windows, where nobody can remove a file that is open
    fcntl = None  # type: ignore[assignment]

_BINARY = getattr(os, "O_BINARY", 0)  # Windows would change the ends of lines

TRIES = 100  # writers of the same path at the same moment, at most


@contextlib.contextmanager
def atomic_write(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """A file to write to, which takes the name `path` when the block has ended well.

    The new content grows under another name in the same folder, is forced to the disk, and only
    then takes its name, which the system does in one step.  However the program ends meanwhile, by
    an exception, a full disk or the plug, `path` is what it was.  What a killed program leaves
    behind (``.name.0.part``) the next writer of the path removes.  Permissions stay; a symbolic
    link goes on to point where it did, to the new content.

    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp(), "notes.txt")
    >>> with atomic_write(path) as file:
    ...     _ = file.write(b"all of it")
    >>> path.read_bytes()
    b'all of it'
    """
    target = os.path.realpath(path)
    try:
        old = os.stat(target)
    except FileNotFoundError:
        old = None
    if old is not None and not stat.S_ISREG(old.st_mode):
        with open(target, "wb") as device:  # a pipe has no old content (a folder raises)
            yield device
        return
    if old is not None and not os.access(target, os.W_OK):
        raise PermissionError(13, "the file is write-protected", str(path))
    part, file = _open_part(target)
    try:
        with file:
            if old is not None:
                _like(part, old)
            yield file
            file.flush()
            os.fsync(file.fileno())
            if fcntl is None:  # and does not rename it
                file.close()
            os.replace(part, target)  # while the lock is held: nobody takes the part for abandoned
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.unlink(part)
        if isinstance(error, OSError) and error.filename is None:
            error.filename = os.fspath(path)  # a full disk does not say what did not fit
        raise
    _sync_folder(os.path.dirname(target))


def _open_part(target: str) -> tuple[str, BinaryIO]:
    """A new file beside `target`, locked by this writer."""
    folder, name = os.path.split(target)
    for i in itertools.count():
        part = os.path.join(folder, f".{name[:50]}.{i}.part")
        if os.path.lexists(part):
            _remove_abandoned(part)
        try:
            descriptor = os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY | _BINARY, 0o666)
        except FileExistsError:
            if i == TRIES:
                raise
            continue
        except OSError as error:
            raise OSError(error.errno, error.strerror, target) from None
        if _locked(descriptor) and _is(part, descriptor):
            return part, os.fdopen(descriptor, "wb")
        os.close(descriptor)
    raise AssertionError("unreachable")


def _locked(descriptor: int) -> bool:
    """Whether the open file is ours now.  The lock ends with its process, however that ends."""
    if fcntl is not None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:  # a file system without locks
            return True
    return True


def _is(path: str, descriptor: int) -> bool:
    """Whether `path` still names the open file."""
    try:
        return os.path.samestat(os.lstat(path), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _remove_abandoned(part: str) -> None:
    """Remove what a killed writer has left; a living one holds the lock."""
    with contextlib.suppress(OSError):
        if fcntl is None:
            os.unlink(part)
            return
        descriptor = os.open(part, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is(part, descriptor):
                os.unlink(part)
        finally:
            os.close(descriptor)


def _like(part: str, old: os.stat_result) -> None:
    """Give `part` the owner (where allowed) and the permissions of the file it will replace."""
    if hasattr(os, "chown"):
        with contextlib.suppress(OSError):
            os.chown(part, old.st_uid, old.st_gid)
    os.chmod(part, stat.S_IMODE(old.st_mode))


def _sync_folder(folder: str) -> None:
    """Force the new name to the disk, too."""
    if os.name == "posix":
        with contextlib.suppress(OSError):  # some file systems do not sync folders
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
