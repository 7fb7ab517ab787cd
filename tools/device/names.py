"""Gives the names of a linked application names that every board has in its ROM already, for a new one costs RAM.

MicroPython keeps each name once, in a table on the heap that grows by doubling: 11 bytes, its letters, and a table
that may be half empty. What it knows from the start is free: the words of its own modules. So a function called
`_take_events` goes onto the box as `atanh`. One name becomes one other, everywhere in an image, and never one that
stands in it anyway: whoever has the image's `names.json` can read its tracebacks (`original`). Only fields share: no
traceback shows one, and no object has two of the same name.

Left as they are: what a text in the sources spells (a name asked for by `getattr`, a key), keywords of calls, names
that objects of others have too, exceptions (their names travel in faults), and what a driver from outside relies on.
"""

import ast
import builtins
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, count
from typing import Final

from tools.device import syntax

# Words that every full-featured port has in its ROM (a test asks the unix port). On a port that lacks one, that name
# costs 20 bytes, and nothing else happens.
SPARE: Final = tuple(
    """
    acos acosh asin asinh atan atan2 atanh cos cosh sin sinh tan tanh erf erfc gamma lgamma fabs fmod frexp ldexp modf
    isfinite isinf isnan isclose copysign degrees radians log2 log10 expm1 exp sqrt ceil trunc factorial nan phase
    polar blit ellipse hline vline fill_rect rect pixel poly scroll FrameBuffer FrameBuffer1 GS2_HMSB GS4_HMSB GS8
    MONO_HLSB MONO_HMSB MONO_VLSB MVLSB RGB565 addressof bytearray_at bytes_at sizeof ARRAY BFINT16 BFINT32 BFINT8
    BFUINT16 BFUINT32 BFUINT8 BF_LEN BF_POS BIG_ENDIAN LITTLE_ENDIAN NATIVE FLOAT32 FLOAT64 INT16 INT32 INT64 INT8
    LONG LONGLONG PTR SHORT UINT UINT16 UINT32 UINT64 UINT8 ULONG ULONGLONG USHORT VOID heapify heappop heappush
    b2a_base64 a2b_base64 choice getrandbits randint randrange uniform ptr8 ptr16 ptr32 viper DeflateIO GZIP ZLIB
    ilistdir rmdir umount VfsFat VfsLfs2 VfsRom AUTO RAW mkfs mount readblocks writeblocks chdir getcwd atexit
    byteorder executable maxsize stderr version_info errorcode ticks_cpu ticks_add ticks_us localtime gmtime mktime
    sleep sleep_us heap_lock heap_unlock stack_use opt_level schedule mem_info mem_alloc qstr_info RingIO isenabled
    disable enable difference difference_update discard intersection intersection_update isdisjoint issubset
    issuperset union symmetric_difference symmetric_difference_update fromkeys popleft appendleft popitem setdefault
    pend_throw throw splitlines center getter setter deleter rsplit rindex rfind rstrip lstrip isalpha isdigit islower
    isspace isupper readlines getvalue BytesIO dump dumps loads OrderedDict deque calcsize pack_into search match md5
    sha1 POLLERR POLLHUP POLLOUT IOQueue Loop SingletonGenerator StreamReader StreamWriter TaskQueue ThreadSafeFlag
    Lock acquire locked cur_task current_task create_task gather get_event_loop new_event_loop run_until_complete
    is_set open_connection start_server wait_for wait_for_ms ticks EACCES EADDRINUSE EAGAIN EALREADY EBADF
    ECONNABORTED ECONNREFUSED ECONNRESET EEXIST EHOSTUNREACH EINPROGRESS EINVAL EIO EISDIR ENOBUFS ENODEV ENOENT
    ENOMEM ENOTCONN EOPNOTSUPP EPERM ETIMEDOUT
    AF_INET AF_INET6 SOCK_STREAM SOCK_DGRAM SOCK_RAW SOL_SOCKET SO_REUSEADDR accept bind listen connect getaddrinfo
    setsockopt makefile recvfrom sendto setblocking settimeout CERT_NONE CERT_OPTIONAL CERT_REQUIRED
    PROTOCOL_TLS_CLIENT PROTOCOL_TLS_SERVER load_cert_chain load_verify_locations wrap_socket server_hostname
    server_side cipher verify_mode SSLContext SSLSocket get_ciphers set_ciphers do_handshake_on_connect
    aclose awritestr awrite drain wait_closed get_extra_info readexactly ph_key coro default_exception_handler
    call_exception_handler set_exception_handler get_exception_handler run_forever queue_read queue_write wait_io_event
    return_exceptions out_buf seed libc_ver python_compiler namedtuple print_exception
    _dequeue _enqueue _exc_context _exc_handler _io_queue _promote_to_task _stop_task _stopper _task_queue poller sgen
    main_task stream_awrite peername backlog psk_key psk_identity cert_reqs certfile cadata cafile keyfile
    verify_callback recv_into sendall stack_size start_new_thread allocate_lock get_ident LockType abs_tol rel_tol
    IP_ADD_MEMBERSHIP IP_DROP_MEMBERSHIP SO_BROADCAST ViperTypeError keepends
    bound_method closure generator dict_view iterator function module VfsLfs1 execfile exc_info progsize readsize
    lookahead _build _machine _mpy MBEDTLS_VERSION server_psk_keys client_id waiter runq_len waitq_len cancel floor
    Event Task Stream Server core funcs stream cmath heapq deflate uctypes websocket random argv
    """.split()
)
# What the objects of a chip, of a file and of `select` have, as far as Python's own types don't: there a name of ours
# can't be told from theirs. A test compares with the stubs.
FOREIGN: Final = frozenset(
    """
    feed irq duty_u16 duty_ns freq init deinit value on off toggle any read readinto readline write flush txdone seek
    tell register unregister modify poll ipoll ioctl digest update encrypt decrypt send recv close scan writeto
    writevto readfrom readfrom_into restart start stop active config gap_advertise services status
    """.split()
)
ARGUMENTS: Final = tuple("arg buf data dest end f flags get key line mode n name path pos src text t w".split())
_BUILTINS: Final = frozenset(dir(builtins)) | frozenset(
    name for kind in (object, str, bytes, bytearray, int, list, tuple, dict, set, memoryview) for name in dir(kind)
)
_WORD: Final = re.compile(r"\w+")


def shorten(sources: Mapping[str, str], kept: Iterable[str] = ()) -> tuple[dict[str, str], dict[str, str]]:
    """The sources of one image (module → text) with other names, and what each given name was (new → old).

    kept: names that programs outside the image use.
    """
    trees = {module: ast.parse(text) for module, text in sources.items()}
    fixed = set(kept) | FOREIGN | _BUILTINS
    present: set[str] = set()
    called: set[str] = set()
    fields = _Fields()
    for tree in trees.values():
        present |= _names(tree)
        fixed |= set(_fixed(tree))
        called |= set(_called(tree))
        fields.look_at(tree)
    free = (name for name in chain(SPARE, (f"_{number:x}" for number in count())) if name not in present | fixed)
    given = {name: next(free) for name in sorted(called) if _may_change(name, fixed)}
    groups = fields.groups()
    taken = {new: groups.get(name) or set() for name, new in given.items()}
    held = {name: of for name, of in groups.items() if name not in called and _may_change(name, fixed)}
    given |= _shared(held, taken, free)
    for tree in trees.values():
        _Rename(given, {name: given[name] for name in _globals(tree) if name in given}, fixed).visit(tree)
    was: dict[str, str] = {}
    for old, new in given.items():  # functions come first
        was[new] = f"{was[new]}|{old}" if new in was else old
    return {module: ast.unparse(ast.fix_missing_locations(tree)) + "\n" for module, tree in trees.items()}, was


def original(text: str, was: Mapping[str, str]) -> str:
    """A traceback in the words of the sources; `was` as `shorten` gave it."""
    text = re.sub(r"(?<=, in )\w+", lambda found: was.get(found[0], found[0]).partition("|")[0], text)
    return re.sub(r"(?<=')\w+(?=')", lambda found: was.get(found[0], found[0]), text)


def _may_change(name: str, fixed: set[str]) -> bool:
    return name not in fixed and not name.startswith("__")


def _names(tree: ast.AST) -> set[str]:
    """Whatever stands anywhere as a name, or may be meant as one."""
    found: set[str] = set()
    for node in ast.walk(tree):
        for part in ("id", "attr", "name", "asname", "arg", "module"):
            name = getattr(node, part, None)
            if isinstance(name, str):
                found |= set(name.split("."))
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found |= set(_WORD.findall(node.value))
    return found


def _fixed(tree: ast.Module) -> Iterator[str]:
    """What must keep its name."""
    errors = {"Exception"}
    modules = {name for node in tree.body if isinstance(node, ast.Import) for name in syntax.names_of(node)}
    for statement in tree.body:
        if syntax.is_const(statement):
            yield from syntax.names_of(statement)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from _WORD.findall(node.value)
        elif isinstance(node, ast.keyword) and node.arg:
            yield node.arg
        elif isinstance(node, ast.ClassDef):
            if any(isinstance(base, ast.Name) and base.id in errors for base in node.bases):
                errors.add(node.name)
                yield node.name
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if node.value.id in modules:
                yield node.attr
        elif isinstance(node, ast.Import) or (isinstance(node, ast.ImportFrom) and not _is_ours(node)):
            yield from (alias.name for alias in node.names)


def _is_ours(node: ast.ImportFrom) -> bool:
    return (node.module or "").partition(".")[0] in syntax.OURS


def _globals(tree: ast.Module) -> Iterator[str]:
    for statement in tree.body:
        yield from syntax.names_of(statement)


def _called(tree: ast.Module) -> Iterator[str]:
    """What a traceback may show, or what a file gives to others: functions, classes, methods, tables."""
    for statement in tree.body:
        if not isinstance(statement, (ast.Import, ast.ImportFrom)):
            yield from syntax.names_of(statement)
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            yield from (inner.name for inner in node.body if isinstance(inner, ast.FunctionDef))


class _Fields:
    """Which names the objects of which classes have; a class and those it builds on are one group."""

    def __init__(self) -> None:
        self._group: dict[str, str] = {}
        self._of: dict[str, set[str]] = {}
        self._anywhere: set[str] = set()

    def look_at(self, tree: ast.Module) -> None:
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                for base in node.bases:
                    if isinstance(base, ast.Name):
                        self._join(node.name, base.id)
                for name in (name for inner in node.body for name in syntax.names_of(inner)):
                    self._of.setdefault(name, set()).add(node.name)
                for name, owner in _stores(node):
                    if owner == "self":
                        self._of.setdefault(name, set()).add(node.name)
        for name, owner in _stores(tree):
            if owner != "self":
                self._of.setdefault(name, set())
                self._anywhere.add(name)

    def groups(self) -> dict[str, set[str] | None]:
        """Name → the groups that have it; None where that isn't known."""
        return {
            name: None if name in self._anywhere else {self._first(owner) for owner in owners}
            for name, owners in self._of.items()
        }

    def _first(self, name: str) -> str:
        while name in self._group:
            name = self._group[name]
        return name

    def _join(self, one: str, other: str) -> None:
        if self._first(one) != self._first(other):
            self._group[self._first(one)] = self._first(other)


def _stores(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Each attribute that is set, and the name of whose it is ("" for something longer)."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr, node.value.id if isinstance(node.value, ast.Name) else ""


def _shared(fields: Mapping[str, set[str] | None], taken: dict[str, set[str]], free: Iterator[str]) -> dict[str, str]:
    """Fields get the names of functions, and of other fields, as long as no group has both.

    taken: a name that is given already → the groups of classes that have it as a method.
    """
    given: dict[str, str] = {}
    everywhere: set[str] = set()
    for name, groups in sorted(fields.items(), key=lambda item: (item[1] is not None, item[0])):
        fitting = (new for new, others in taken.items() if new not in everywhere and not others & (groups or others))
        new = next(fitting, None) or next(free)
        taken.setdefault(new, set()).update(groups or ())
        if groups is None:
            everywhere.add(new)
        given[name] = new
    return given


class _Rename(ast.NodeTransformer):
    """`given`: for attributes; `homes`: of these, what this file has as names of its own."""

    def __init__(self, given: Mapping[str, str], homes: Mapping[str, str], fixed: set[str]) -> None:
        self._given = given
        self._homes = homes
        self._fixed = fixed

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        node.attr = self._given.get(node.attr, node.attr)
        return self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        node.id = self._homes.get(node.id, node.id)
        return node

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST:
        for alias in node.names:
            if _is_ours(node):
                alias.name = self._given.get(alias.name, alias.name)
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        own = {name for statement in node.body for name in syntax.names_of(statement)}
        for statement in node.body:
            if not isinstance(statement, ast.FunctionDef):
                for inner in ast.walk(statement):
                    if isinstance(inner, ast.Name) and inner.id in own:
                        inner.id = self._given.get(inner.id, inner.id)
        node.name = self._given.get(node.name, node.name)
        return self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.name = self._given.get(node.name, node.name)
        self._arguments(node)
        return self.generic_visit(node)

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        self._arguments(node)
        return self.generic_visit(node)

    def _arguments(self, function: ast.FunctionDef | ast.Lambda) -> None:
        """Arguments that no call names; one that a function inside has for its own stays."""
        inside = {
            name
            for node in ast.walk(function)
            if node is not function and isinstance(node, (*syntax.FUNCTIONS, *syntax.COMPREHENSIONS))
            for name in syntax.local_names(node)
        }
        present = _names(function)
        free = (name for name in ARGUMENTS if name not in present and name not in self._homes)
        renamed: dict[str, str] = {}
        for argument in (*function.args.posonlyargs, *function.args.args):
            if argument.arg != "self" and argument.arg not in inside and argument.arg not in self._fixed:
                new = next(free, argument.arg)
                renamed[argument.arg] = new
                argument.arg = new
        for statement in function.body if isinstance(function.body, list) else [function.body]:
            for node in ast.walk(statement):
                if isinstance(node, ast.Name):
                    node.id = renamed.get(node.id, node.id)
