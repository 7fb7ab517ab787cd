"""What hypothesis makes for the protocol's tests."""

from hypothesis import strategies as st

from protocol import calling, cbor, messages  # noqa: F401 - a caller's rows belong to the tables

numbers = st.integers(-(1 << 64), (1 << 64) - 1)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
leaves = st.one_of(st.none(), st.booleans(), numbers, st.binary(max_size=60), texts)
values = st.recursive(
    leaves,
    lambda inner: st.one_of(st.lists(inner, max_size=5), st.dictionaries(numbers, inner, max_size=5)),
    max_leaves=12,
).filter(lambda value: depth(value) <= cbor.MAX_DEPTH)


def depth(value: object) -> int:
    """How many containers are inside each other."""
    if isinstance(value, dict):
        return 1 + max(map(depth, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(depth, value), default=0)
    return 0


kinds = st.sampled_from([*messages.FIELDS, 0, 6, 200])
fields = st.dictionaries(st.integers(1, 10), st.one_of(leaves, st.dictionaries(st.integers(1, 5), leaves)), max_size=10)
# Maps that look like messages: most of what a decoder must judge is almost right.
messages_bytes = st.one_of(
    st.binary(max_size=60),
    st.builds(lambda kind, body: cbor.encode({**body, 0: kind}), kinds, fields),
)


def field_values(field: messages.Field) -> st.SearchStrategy[object]:
    """Allowed values of a plain field."""
    made: st.SearchStrategy[object]
    if field.kind == messages.INT:
        made = st.integers(field.low, field.high)
    elif field.kind == messages.BOOL:
        made = st.booleans()
    elif field.kind == messages.BYTES:
        made = st.binary(min_size=field.low, max_size=field.high)
    else:
        made = texts.map(lambda text: clip(text, field.high)).filter(lambda text: len(text.encode()) >= field.low)
    return st.one_of(st.none(), made) if field.null else made


def clip(text: str, size: int) -> str:
    """The longest start of a text that has at most `size` bytes."""
    return text.encode()[:size].decode(errors="ignore")


def table_values(table: tuple[messages.Field, ...]) -> st.SearchStrategy[dict[str, object]]:
    """Allowed values of a table of plain fields, by name."""
    return st.fixed_dictionaries({field.name: field_values(field) for field in table})


@st.composite
def whole_messages(draw: st.DrawFn) -> tuple[int, dict[str, object]]:
    """(kind, values) of any message of ours."""
    kind = draw(st.sampled_from(sorted(messages.FIELDS)))
    made: dict[str, object] = {}
    for field in messages.FIELDS[kind]:
        if field.kind == messages.SETTINGS:
            made[field.name] = draw(table_values(messages.CONFIG_FIELDS))
        elif field.kind == messages.BY_FACT:
            made["fact_kind"] = draw(st.sampled_from(sorted(messages.FACT_FIELDS)))
            made[field.name] = draw(table_values(messages.FACT_FIELDS[made["fact_kind"]]))
        elif field.kind == messages.BY_COMMAND:
            made["command"] = draw(st.sampled_from(sorted(messages.COMMAND_FIELDS)))
            made[field.name] = draw(table_values(messages.COMMAND_FIELDS[made["command"]]))
        else:
            made[field.name] = draw(field_values(field))
    return kind, made
