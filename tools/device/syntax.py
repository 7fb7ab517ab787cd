"""What the linker has to know of a syntax tree: who defines what, who needs what, and what nobody needs."""

import ast
import builtins
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from tools.device.errors import DeviceError

OURS: Final = ("firmware", "protocol")  # the packages that are linked
# What MicroPython answers to the questions that protocol/compat.py asks at import.
KNOWN: Final = {"MICROPYTHON": True, "TYPE_CHECKING": False}
FUNCTIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_FOR_PEOPLE: Final = ("__repr__",)  # of a debugger and of a failed test; on a box nobody reads it
COMPREHENSIONS: Final = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


class Symbol(NamedTuple):
    """A module-level name by where it is defined; an empty name is the module itself."""

    module: str
    name: str


class LinkError(DeviceError):
    """These sources can't be linked; the text names the file and what is allowed."""


def is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def folded(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements with `if` over what is known replaced by the branch that MicroPython takes."""
    for statement in body:
        if isinstance(statement, ast.If):
            test = statement.test
            negated = isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not)
            asked = test.operand if isinstance(test, ast.UnaryOp) and negated else test
            if isinstance(asked, ast.Name) and asked.id in KNOWN:
                yield from folded(statement.body if KNOWN[asked.id] != negated else statement.orelse)
                continue
        yield statement


def bindings(statement: ast.stmt) -> Iterator[tuple[str, Symbol]]:
    """The names that an import binds."""
    if isinstance(statement, ast.ImportFrom):
        for alias in statement.names:
            yield alias.asname or alias.name, Symbol(statement.module or "", alias.name)
    elif isinstance(statement, ast.Import):
        for alias in statement.names:
            if "." in alias.name and not alias.asname:
                raise LinkError(f"line {statement.lineno}: write `from … import …` in place of `import {alias.name}`")
            yield alias.asname or alias.name, Symbol(alias.name, "")


def defined(statement: ast.stmt) -> Iterator[str]:
    """The names that a statement of a module or a class defines."""
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield statement.name
    elif not isinstance(statement, (ast.Import, ast.ImportFrom)):
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                yield node.id


def local_names(scope: ast.AST) -> set[str]:
    """Arguments and variables of a function, or the variables of a comprehension."""
    names: set[str] = set()
    todo: list[ast.AST] = list(ast.iter_child_nodes(scope))
    while todo:
        node = todo.pop()
        if isinstance(node, ast.arg):
            names.add(node.arg)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            names.add(node.name)
        elif isinstance(node, ast.alias):
            names.add(node.asname or node.name)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif not isinstance(node, (ast.Lambda, *COMPREHENSIONS)):
            todo += ast.iter_child_nodes(node)
    return names


def constants(tree: ast.Module) -> Iterator[str]:
    """Module-level names that hold one number or text for ever."""
    stored = Counter(name for statement in tree.body for name in defined(statement))
    for statement in tree.body:
        if isinstance(statement, (ast.Assign, ast.AnnAssign)):
            target = statement.targets[0] if isinstance(statement, ast.Assign) else statement.target
            if isinstance(target, ast.Name) and stored[target.id] == 1 and is_constant(statement.value):
                yield target.id


def is_constant(value: ast.expr | None) -> bool:
    if isinstance(value, ast.Call):
        return isinstance(value.func, ast.Name) and value.func.id == "const"
    return isinstance(value, ast.Constant) and isinstance(value.value, (int, str)) and not isinstance(value.value, bool)


def constant_values(tree: ast.Module, names: set[str]) -> None:
    """Writes `_NAME = const(value)`, which the compiler puts where the name stands."""
    for statement in tree.body:
        target = statement.targets[0] if isinstance(statement, ast.Assign) else None
        if isinstance(target, ast.Name) and target.id in names and isinstance(statement, ast.Assign):
            value = statement.value
            if not isinstance(value, ast.Call):
                statement.value = ast.Call(ast.Name("const", ast.Load()), [value], [])


def silence(tree: ast.Module, errors: frozenset[str]) -> None:
    for node in ast.walk(tree):
        error = node.exc.func if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) else None
        if isinstance(node, ast.Raise) and isinstance(error, ast.Name) and error.id in errors:
            node.exc = error


def uses(node: ast.AST) -> Counter[str]:
    """The names that are read here, and how often; those of attributes with a dot before them."""
    found: Counter[str] = Counter()
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name) and not isinstance(inner.ctx, ast.Store):
            found[inner.id] += 1
        elif isinstance(inner, ast.Attribute):
            found["." + inner.attr] += 1
    return found


def drop_unused(tree: ast.Module, exports: frozenset[str], public_methods: bool, outside: Counter[str]) -> None:
    """Takes out what can't be reached from the exports, functions that only call each other included."""
    units = list(_units(tree, public_methods))
    needed = set(exports) | set(outside)
    reached: set[int] = set()
    grown = True
    while grown:
        grown = False
        for names, owner, node, shell in units:
            if id(node) in reached or (owner is not None and id(owner) not in reached):
                continue
            if not names or needed.intersection(names):
                reached.add(id(node))
                needed |= set(uses(ast.Module(shell, [])))
                grown = True
    dropped = {id(node) for _, _, node, _ in units} - reached
    tree.body = [statement for statement in tree.body if id(statement) not in dropped]
    for statement in tree.body:
        if isinstance(statement, ast.ClassDef):
            statement.body = [inner for inner in statement.body if id(inner) not in dropped] or [ast.Pass()]


def _units(
    tree: ast.Module, public_methods: bool
) -> Iterator[tuple[list[str], ast.ClassDef | None, ast.stmt, list[ast.stmt]]]:
    """What stays or goes as one: by which names it is needed, in which class, what it is, what it needs if it stays."""
    for statement in tree.body:
        shell = [statement]
        if isinstance(statement, ast.ClassDef) and not called_from_outside(statement, tree):
            own = class_body_names(statement)
            loose = [
                inner
                for inner in statement.body
                if isinstance(inner, (ast.FunctionDef, ast.AsyncFunctionDef))
                and not (public_methods and not inner.name.startswith("_"))
                and (not inner.name.startswith("__") or inner.name in _FOR_PEOPLE)
                and inner.name not in own
            ]
            for inner in loose:
                yield ["." + inner.name], statement, inner, [inner]
            kept = [inner for inner in statement.body if inner not in loose]
            shell = [ast.ClassDef(statement.name, statement.bases, statement.keywords, kept, statement.decorator_list)]
        yield names_of(statement), None, statement, shell


def drop_rows(tree: ast.Module, tables: set[str]) -> bool:
    """Takes rows out of these dictionaries whose key is a constant that is named nowhere but in them."""
    found = [
        statement.value
        for statement in tree.body
        if isinstance(statement, ast.Assign) and tables.intersection(names_of(statement))
        if isinstance(statement.value, ast.Dict)
    ]
    named = uses(tree)
    for table in found:
        named.subtract(key.id for key in table.keys if isinstance(key, ast.Name))
    before = sum(len(table.keys) for table in found)
    for table in found:
        rows = [
            (key, value)
            for key, value in zip(table.keys, table.values, strict=True)
            if not isinstance(key, ast.Name) or named[key.id]
        ]
        table.keys, table.values = [key for key, _ in rows], [value for _, value in rows]
    return sum(len(table.keys) for table in found) < before


def class_body_names(node: ast.ClassDef) -> set[str]:
    """The names that a class's body reads while it is made: decorators, tables."""
    todo: list[ast.AST] = list(node.body)
    names: set[str] = set()
    while todo:
        inner = todo.pop()
        if isinstance(inner, ast.Name):
            names.add(inner.id)
        todo += inner.decorator_list if isinstance(inner, ast.FunctionDef) else ast.iter_child_nodes(inner)
    return names


def called_from_outside(node: ast.ClassDef, tree: ast.Module) -> bool:
    """Whether it builds on a class that isn't ours, whose users may call any of its methods."""
    ours = {statement.name for statement in tree.body if isinstance(statement, ast.ClassDef)} | set(dir(builtins))
    return not all(isinstance(base, ast.Name) and base.id in ours for base in node.bases)


def names_of(statement: ast.stmt) -> list[str]:
    if isinstance(statement, (ast.Import, ast.ImportFrom)):
        return [alias.asname or alias.name for alias in statement.names]
    return list(defined(statement))


def within(module: str, rooms: tuple[str, ...]) -> bool:
    return any(module == room or module.startswith(room + ".") for room in rooms)


def is_shared(statement: ast.stmt) -> bool:
    """Imports and constants: in every file that needs them, where they cost nothing."""
    if isinstance(statement, (ast.Import, ast.ImportFrom)):
        return True
    return is_const(statement)


def is_const(statement: ast.stmt) -> bool:
    """`_NAME = const(value)`."""
    return isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Call) and is_constant(statement.value)


def files(tree: ast.Module, bodies: dict[str, list[ast.stmt]]) -> Iterator[tuple[str, ast.Module]]:
    """The one tree in its files; what a file needs of those before it is imported."""
    shared = [statement for statement in tree.body if is_shared(statement)]
    left = {id(statement) for statement in tree.body} - {id(statement) for statement in shared}
    homes: dict[str, str] = {}
    for file, body in bodies.items():
        own = [statement for statement in body if id(statement) in left]
        needed = uses(ast.Module(own, []))
        for statement in reversed(shared):
            if any(needed[name] for name in names_of(statement)):
                needed += uses(statement)
        head = [statement for statement in shared if any(needed[name] for name in names_of(statement))]
        for home in dict.fromkeys(homes.values()):
            names = [name for name in homes if homes[name] == home and needed[name]]
            if names:
                head.append(ast.ImportFrom(home, [ast.alias(name) for name in names], 0))
        homes |= {name: file for statement in own for name in names_of(statement)}
        yield file, ast.Module([*head, *own], [])


def forget(file: ast.Module, exports: frozenset[str], files: Iterable[ast.Module]) -> None:
    """Ends a file with a `del` of its functions that only its own tables were made with."""
    made = {statement.name for statement in file.body if isinstance(statement, ast.FunctionDef)} - exports
    for other in files:
        for statement in other.body:
            if isinstance(statement, ast.ImportFrom):
                made -= {alias.name for alias in statement.names}
        for node in ast.walk(other):
            if isinstance(node, FUNCTIONS):
                made -= {name for name in uses(node) if name not in local_names(node)}
    asked = uses(file)
    gone: list[ast.expr] = [ast.Name(name, ast.Del()) for name in sorted(made) if asked[name]]
    if gone:
        file.body.append(ast.Delete(gone))
