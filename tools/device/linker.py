"""Links the modules of a box into one file before they are compiled, for a module of its own costs a box 600 bytes.

The source stays as it is read; what a program of many modules pays for at run time goes away here: module objects,
names bound again by each import, constants that other modules use (`const` ends at a file's edge), functions that
nobody on the box calls, annotations. Only what can be followed without running it is linked: a `global` statement, a
module passed around as a value, or a star import is an error.
"""

import ast
import builtins
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from types import MappingProxyType
from typing import Final

from tools.device import merging, syntax
from tools.device.syntax import COMPREHENSIONS, FUNCTIONS, LinkError, Symbol

_CONST: Final = Symbol("micropython", "const")
# Tables of all roles by a constant: a role that never names the constant has no use for its row.
_TABLES: Final = frozenset(
    (
        Symbol("protocol.messages", "FACT_FIELDS"),
        Symbol("protocol.messages", "COMMAND_FIELDS"),
        Symbol("firmware.records", "_LAYOUTS"),
    )
)


Parts = Sequence[tuple[str, tuple[str, ...]]]


@dataclass(slots=True)
class _Module:
    name: str
    tree: ast.Module
    defined: set[str] = field(default_factory=set)
    imported: dict[str, Symbol] = field(default_factory=dict)


class Linker:
    """`ours`: the first names of the packages that are linked; everything else is imported when the box runs.

    `silent`: errors whose texts nobody on a box reads; they stay behind. `instead`: module → the one that is linked in
    its place, wherever it is imported.
    """

    def __init__(
        self,
        root: Path,
        ours: Iterable[str],
        silent: Iterable[str] = (),
        instead: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._root = root
        self._ours = frozenset(ours)
        self._silent = frozenset(silent)
        self._instead = instead
        self._modules: dict[str, _Module] = {}
        self._names: dict[Symbol, str] = {}

    def reach(self, entry: str) -> frozenset[str]:
        """`entry` and all it imports of ours; nothing is linked yet."""
        self._load(entry)
        return frozenset(self._modules)

    def names(self, module: str) -> frozenset[str]:
        """What a module defines for others."""
        self._load(module)
        return frozenset(name for name in self._modules[module].defined if not name.startswith("_"))

    def attributes(self) -> frozenset[str]:
        """Every name that is read behind a dot in what was reached."""
        return frozenset(
            node.attr
            for module in self._modules.values()
            for node in ast.walk(module.tree)
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load)
        )

    def link(
        self,
        entry: str,
        exports: frozenset[str] | None = None,
        parts: Parts = (),
        used: Iterable[str] = (),
        doors: Iterable[Symbol] = (),
    ) -> dict[str, str]:
        """Name and source of the linked files, `entry` last, with all it imports of ours.

        exports: its names that stay, None for the public ones. parts: (file, what is linked into it), each before those
        that use it; the rest goes into `entry`, and so does what a part of its name has. used: sources of other files,
        whose use of a method keeps it. doors: names of other modules that stay.
        """
        self._load(entry)
        alone = exports is None  # then others may call whatever is public
        if exports is None:
            exports = self.names(entry)
        constants = {
            Symbol(module.name, name) for module in self._modules.values() for name in syntax.constants(module.tree)
        }
        kept = {Symbol(entry, name) for name in exports} | set(doors)
        exports |= {door.name for door in doors}
        self._name_all(constants - kept, kept)
        imports = list(self._imports())
        files = (*(name for name, _ in parts if name != entry), entry)
        bodies: dict[str, list[ast.stmt]] = {name: [] for name in files}
        for module in self._modules.values():
            file = next((file for file, rooms in parts if syntax.within(module.name, rooms)), entry)
            bodies[file] += _Rewriter(self, module).rewrite()
        merging.merge(bodies, exports)
        tree = ast.Module([*imports, *(statement for body in bodies.values() for statement in body)], [])
        syntax.constant_values(tree, {self._names[symbol] for symbol in constants - kept})
        syntax.silence(tree, self._silent)
        outside = sum((syntax.uses(ast.parse(text)) for text in used), Counter[str]())
        syntax.drop_unused(tree, exports, alone, outside)
        tables = {self._names[symbol] for symbol in self._names if symbol in _TABLES}
        if syntax.drop_rows(tree, tables):
            syntax.drop_unused(tree, exports, alone, outside)
        merging.plain_errors(tree, exports | set(outside), self._silent)
        done = dict(syntax.files(tree, bodies))
        for linked in done.values():
            syntax.forget(linked, exports | set(outside), done.values())
        return {name: ast.unparse(ast.fix_missing_locations(linked)) + "\n" for name, linked in done.items()}

    def symbol(self, module: _Module, name: str) -> Symbol | None:
        """What a module-level name of a module means; None: it is a builtin."""
        if name in module.defined:
            return Symbol(module.name, name)
        found = module.imported.get(name)
        return None if found is None else self.member(found)

    def member(self, symbol: Symbol) -> Symbol:
        """Follows a name that a module has only imported to where it is defined."""
        module = self._modules.get(symbol.module)
        if module is None or not symbol.name:
            return symbol
        found = self.symbol(module, symbol.name)
        if found is None:
            raise LinkError(f"{symbol.module} has no {symbol.name}")
        return found

    def linked(self, symbol: Symbol) -> bool:
        """Whether this symbol is one of the linked modules."""
        return not symbol.name and symbol.module in self._modules

    def final(self, symbol: Symbol) -> str:
        """The name in the linked file."""
        return self._names[symbol]

    def _path(self, name: str) -> Path | None:
        """The file of a module that is to be linked, or None. A package's own file stays a file of its own."""
        path = self._root.joinpath(*name.split(".")).with_suffix(".py")
        return path if name.partition(".")[0] in self._ours and path.is_file() else None

    def _load(self, name: str) -> None:
        """Depth first, so that what is imported stands before what imports it."""
        if name in self._modules:
            return
        path = self._path(name)
        if path is None:
            raise LinkError(f"{name} is no module under {self._root}")
        module = _Module(name, ast.parse(path.read_bytes(), str(path)))
        module.tree.body = list(syntax.folded(module.tree.body))
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Global):
                raise LinkError(f"{path}, line {node.lineno}: a `global` can't be linked; keep state in an object")
        for statement in module.tree.body:
            for local, symbol in syntax.bindings(statement):
                target = symbol
                if self._path(f"{symbol.module}.{symbol.name}") is not None:
                    target = Symbol(f"{symbol.module}.{symbol.name}", "")
                target = Symbol(self._instead.get(target.module, target.module), target.name)
                if symbol.name == "*":
                    raise LinkError(
                        f"{path}, line {statement.lineno}: a star import can't be linked; name what is used"
                    )
                if self._path(target.module) is not None:
                    self._load(target.module)
                module.imported[local] = target
            module.defined |= set(syntax.defined(statement))
        self._modules[name] = module

    def _name_all(self, constants: set[Symbol], kept: set[Symbol]) -> None:
        """One name for each symbol, which no local variable and no builtin hides."""
        taken = set(dir(builtins))
        for module in self._modules.values():
            taken |= {
                name
                for node in ast.walk(module.tree)
                if isinstance(node, (*FUNCTIONS, *COMPREHENSIONS))
                for name in syntax.local_names(node)
            }
        taken |= {symbol.name for symbol in kept}
        for symbol in self._symbols():
            base = symbol.name or symbol.module.replace(".", "_")
            if symbol in constants:
                base = "_" + base.lstrip("_")
            # The compiler knows `const` by this name, and needs no import for it.
            if symbol not in kept and symbol != _CONST:
                base = next(name for number in count() if (name := f"{base}_{number}" if number else base) not in taken)
            taken.add(base)
            self._names[symbol] = base

    def _symbols(self) -> Iterator[Symbol]:
        seen: set[Symbol] = set()
        for module in self._modules.values():
            for name in (*sorted(module.defined), *module.imported):
                symbol = self.symbol(module, name)
                if symbol is not None and symbol not in seen and not self.linked(symbol):
                    seen.add(symbol)
                    yield symbol

    def _imports(self) -> Iterator[ast.stmt]:
        """What is not ours, once each."""
        for symbol, name in self._names.items():
            if symbol.module in self._modules or symbol == _CONST:
                continue
            alias = ast.alias(symbol.name or symbol.module, name)
            if alias.asname == alias.name:
                alias.asname = None
            yield ast.ImportFrom(symbol.module, [alias], 0) if symbol.name else ast.Import([alias])


class _Rewriter(ast.NodeTransformer):
    """Gives the names of one module their names in the linked file."""

    def __init__(self, linker: Linker, module: _Module) -> None:
        self._linker = linker
        self._module = module
        self._scopes: list[tuple[bool, set[str]]] = []  # (whether it is a class's, its names)

    def rewrite(self) -> list[ast.stmt]:
        out: list[ast.stmt] = []
        for statement in self._module.tree.body:
            if not isinstance(statement, (ast.Import, ast.ImportFrom)) and not syntax.is_docstring(statement):
                if "__all__" in syntax.defined(statement):
                    continue
                new = self.visit(statement)
                if new is not None:
                    out.append(new)
        return out

    def _symbol(self, name: str) -> Symbol | None:
        for depth, (is_class, names) in enumerate(reversed(self._scopes)):
            if name in names and (depth == 0 or not is_class):
                return None
        return self._linker.symbol(self._module, name)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        symbol = self._symbol(node.id)
        if symbol is None:
            return node
        if self._linker.linked(symbol):
            raise LinkError(f"{self._module.name}, line {node.lineno}: the module {node.id} is used as a value")
        return ast.Name(self._linker.final(symbol), node.ctx)

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        if isinstance(node.value, ast.Name):
            symbol = self._symbol(node.value.id)
            if symbol is not None and self._linker.linked(symbol):
                member = self._linker.member(Symbol(symbol.module, node.attr))
                return ast.Name(self._linker.final(member), node.ctx)
        return self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        return self._function(node)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.AST:
        for argument in ast.walk(node.args):
            if isinstance(argument, ast.arg):
                argument.annotation = None
        node.args = self.visit(node.args)  # its defaults belong to the scope around it
        node.decorator_list = [self.visit(item) for item in node.decorator_list]
        node.returns = None
        self._rename(node)
        self._inside(node, syntax.local_names(node), False)
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        self._scopes.append((False, syntax.local_names(node)))
        node.body = self.visit(node.body)
        self._scopes.pop()
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        node.bases = [self.visit(base) for base in node.bases]
        self._rename(node)
        self._inside(node, {name for statement in node.body for name in syntax.defined(statement)}, True)
        return node

    def _rename(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> None:
        if not self._scopes:
            node.name = self._linker.final(Symbol(self._module.name, node.name))

    def _inside(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, names: set[str], is_class: bool
    ) -> None:
        self._scopes.append((is_class, names))
        visited = [self.visit(statement) for statement in node.body if not syntax.is_docstring(statement)]
        node.body = [statement for statement in visited if statement is not None] or [ast.Pass()]
        self._scopes.pop()

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:
        if node.value is None:
            return None
        return self.generic_visit(ast.copy_location(ast.Assign([node.target], node.value), node))

    def generic_visit(self, node: ast.AST) -> ast.AST:
        if not isinstance(node, COMPREHENSIONS):
            return super().generic_visit(node)
        self._scopes.append((False, syntax.local_names(node)))
        super().generic_visit(node)
        self._scopes.pop()
        return node
