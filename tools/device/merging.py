"""Makes one class of several: on a box each costs its type and its table, 200 bytes without a method, and slower calls.

A base and its only subclass become one, and so does an error with its base when nobody on the box tells them apart.
"""

import ast
from collections import Counter
from collections.abc import Iterator

_METHODS = (ast.FunctionDef, ast.AsyncFunctionDef)


def merge(bodies: dict[str, list[ast.stmt]], exports: frozenset[str]) -> None:
    """In the linked files' statements, for as long as there is a base that only its one subclass names."""
    named = {id(statement): _names(statement) for body in bodies.values() for statement in body}
    users = sum((Counter(set(names)) for names in named.values()), Counter[str]())
    while (found := next(_pairs(bodies, exports, named, users), None)) is not None:
        file, base, derived = found
        for statement in (base, derived):
            users -= Counter(set(named.pop(id(statement))))
        bodies[file].remove(base)
        _absorb(base, derived)
        named[id(derived)] = _names(derived)
        users += Counter(set(named[id(derived)]))


def plain_errors(tree: ast.Module, exports: frozenset[str], silent: frozenset[str]) -> None:
    """Raises their base in place of errors that no handler names; `silent`: of these nobody reads the name.

    A base that is caught by its name takes their place unseen; an error that is only built on has nothing to show.
    """
    while (found := next(_untold(tree, exports, silent), None)) is not None:
        tree.body.remove(found)
        _Instead(found.name, found.bases[0]).visit(tree)


def _untold(tree: ast.Module, exports: frozenset[str], silent: frozenset[str]) -> Iterator[ast.ClassDef]:
    classes = [statement for statement in tree.body if isinstance(statement, ast.ClassDef)]
    named = _names(tree)
    caught = sum(
        (_names(node.type) for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler) and node.type),
        Counter[str](),
    )
    bases = Counter(base.id for each in classes for base in each.bases if isinstance(base, ast.Name))
    raised = Counter(
        node.exc.id for node in ast.walk(tree) if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Name)
    )
    ours = {each.name for each in classes} | {"Exception"}
    for each in classes:
        name, base = each.name, each.bases[0] if len(each.bases) == 1 else None
        if not isinstance(base, ast.Name) or base.id not in ours or name in exports:
            continue
        if not all(isinstance(inner, ast.Pass) for inner in each.body):
            continue
        shown = name not in silent or base.id == "Exception" or not caught[base.id]
        if named[name] == bases[name] + (0 if shown else raised[name]) and bases[name] + raised[name]:
            yield each


class _Instead(ast.NodeTransformer):
    """One name in place of another."""

    def __init__(self, name: str, other: ast.expr) -> None:
        self._name = name
        self._other = other

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return self._other if node.id == self._name else node


def _names(node: ast.AST) -> Counter[str]:
    """How often each name is read or written here."""
    return Counter(inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name))


def _pairs(
    bodies: dict[str, list[ast.stmt]], exports: frozenset[str], named: dict[int, Counter[str]], users: Counter[str]
) -> Iterator[tuple[str, ast.ClassDef, ast.ClassDef]]:
    """A base, its only subclass, and the base's file. users: how many statements have a name."""
    classes = {
        statement.name: (file, statement)
        for file, body in bodies.items()
        for statement in body
        if isinstance(statement, ast.ClassDef)
    }
    for _, derived in classes.values():
        if len(derived.bases) != 1 or not isinstance(derived.bases[0], ast.Name):
            continue
        name = derived.bases[0].id
        if name not in classes or name in exports or users[name] != 1:
            continue
        file, base = classes[name]
        if named[id(derived)][name] == sum(1 for _ in _calls(derived, name)) + 1:
            yield file, base, derived


def _calls(node: ast.AST, name: str) -> Iterator[ast.Call]:
    """`Base.method(self, …)`, each."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.Call) and isinstance(inner.func, ast.Attribute) and inner.args:
            of, first = inner.func.value, inner.args[0]
            if isinstance(of, ast.Name) and of.id == name and isinstance(first, ast.Name) and first.id == "self":
                yield inner


def _absorb(base: ast.ClassDef, derived: ast.ClassDef) -> None:
    own = {statement.name for statement in derived.body if isinstance(statement, _METHODS)}
    called = {call.func.attr for call in _calls(derived, base.name) if isinstance(call.func, ast.Attribute)}
    below = {name: f"_{base.name}_{name.strip('_')}" if name in own else name for name in called}
    for call in _calls(derived, base.name):
        if isinstance(call.func, ast.Attribute):
            call.func = ast.Attribute(call.args.pop(0), below[call.func.attr], ast.Load())
    kept: list[ast.stmt] = []
    for statement in base.body:
        if isinstance(statement, _METHODS) and statement.name in own:
            if statement.name not in below:
                continue  # nobody can reach it any more
            statement.name = below[statement.name]
        kept.append(statement)
    derived.body = [statement for statement in (*kept, *derived.body) if not isinstance(statement, ast.Pass)]
    derived.body = derived.body or [ast.Pass()]
    derived.bases = base.bases
