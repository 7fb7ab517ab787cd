"""Makes one class of a base and its only subclass: on a box each class costs its type, its table and slower calls."""

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
