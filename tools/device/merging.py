"""Makes one class of a base and its only subclass: on a box each class costs its type, its table and slower calls."""

import ast
from collections.abc import Iterator

_METHODS = (ast.FunctionDef, ast.AsyncFunctionDef)


def merge(bodies: dict[str, list[ast.stmt]], exports: frozenset[str]) -> None:
    """In the linked files' statements, for as long as there is a base that only its one subclass names."""
    while (found := next(_pairs(bodies, exports), None)) is not None:
        file, base, derived = found
        bodies[file].remove(base)
        _absorb(base, derived)


def _pairs(
    bodies: dict[str, list[ast.stmt]], exports: frozenset[str]
) -> Iterator[tuple[str, ast.ClassDef, ast.ClassDef]]:
    classes = {
        statement.name: (file, statement)
        for file, body in bodies.items()
        for statement in body
        if isinstance(statement, ast.ClassDef) and statement.name not in exports
    }
    statements = [statement for body in bodies.values() for statement in body]
    for name, (file, base) in classes.items():
        users = [statement for statement in statements if statement is not base and _reads(statement, name)]
        if len(users) == 1 and not _reads(base, name) and isinstance(derived := users[0], ast.ClassDef):
            calls = sum(1 for _ in _calls(derived, name))
            if len(derived.bases) == 1 and _reads(derived.bases[0], name) and _reads(derived, name) == calls + 1:
                yield file, base, derived


def _reads(node: ast.AST, name: str) -> int:
    return sum(1 for inner in ast.walk(node) if isinstance(inner, ast.Name) and inner.id == name)


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
