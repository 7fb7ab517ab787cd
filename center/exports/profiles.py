"""A profile: the fields of one place's records, in its order, each made from what we know, or left empty and counted.

The field names are those seen in provincial interfaces. Nothing is invented: a field that our events can't fill is
empty in every record, and the answer says how often each was.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from center.exports import codes
from center.exports.codes import Codes
from common.envelope import format_time

DEFAULT_GRADE = 3  # 基本满意: what some places count for a run that nobody rated in so many days
WORDS = {"5": "非常满意", "4": "满意", "3": "基本满意", "2": "不满意", "1": "非常不满意"}


@dataclass(frozen=True, slots=True)
class Record:
    """One run as the store knows it."""

    hall: str
    run: str
    date: str
    offset_minutes: int
    window: str | None = None
    staff: str | None = None
    service: str | None = None
    grade: int | None = None
    rated_ms: int | None = None
    channel: str | None = None
    reasons: tuple[str, ...] = ()
    words: str = ""
    department: str | None = None
    area: str | None = None
    # A matter's promise, where the hall's configuration tells it: `immediate` or `promised`.
    promise: str | None = None
    is_default: bool = False


Maker = Callable[[Record], str | None]


@dataclass(frozen=True)
class Profile:
    """How one place writes its records."""

    id: str
    name: str
    name_en: str
    source: str
    satisfaction: Codes
    promise: Codes
    channel: Codes
    fields: Mapping[str, str]
    # Days after which an unrated run counts as `DEFAULT_GRADE`; None, the default, never does.
    default_after_days: int | None = None
    makers: Mapping[str, Maker] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        made: dict[str, Maker] = {}
        known = self._known()
        for name, what in self.fields.items():
            made[name] = known[what]
        object.__setattr__(self, "makers", made)

    def _known(self) -> dict[str, Maker]:
        """What a field may be made from."""
        return {
            "area": lambda r: r.area,
            "department": lambda r: r.department,
            "service": lambda r: r.service,
            "run": lambda r: r.run,
            "staff": lambda r: r.staff,
            "channel": lambda r: self.channel.of.get(r.channel or ""),
            "satisfaction": lambda r: None if r.grade is None else self.satisfaction.code(str(r.grade)),
            "satisfaction_words": lambda r: None if r.grade is None else WORDS[str(r.grade)],
            "reasons": lambda r: "；".join(r.reasons) or None,
            "words": lambda r: r.words or None,
            "rated_at": lambda r: None if r.rated_ms is None else format_time(r.rated_ms, r.offset_minutes),
            "rated_second": _local_second,
            "rating_number": lambda r: None if r.grade is None else "1",
            "service_date": lambda r: r.date,
            "promise": lambda r: None if r.promise is None else self.promise.code(r.promise),
            "is_default": lambda r: "1" if r.is_default else "0",
            "unknown": lambda _: None,
        }

    def row(self, record: Record) -> dict[str, str]:
        """One record in this place's words; what can't be filled is empty."""
        return {name: make(record) or "" for name, make in self.makers.items()}

    def empty(self, rows: Iterable[Mapping[str, str]]) -> dict[str, int]:
        """How often each field is empty; fields that always are filled are not named."""
        counts = dict.fromkeys(self.fields, 0)
        for row in rows:
            for name in counts:
                counts[name] += not row[name]
        return {name: count for name, count in counts.items() if count}

    def grade(self, row: Mapping[str, str]) -> int | None:
        """Our grade from a record of this place: the way back."""
        name = next(name for name, what in self.fields.items() if what == "satisfaction")
        return int(self.satisfaction.word(row[name])) if row[name] else None


def _local_second(record: Record) -> str | None:
    """As `2026-11-21 09:30:00`, in the hall's own time."""
    if record.rated_ms is None:
        return None
    return format_time(record.rated_ms, record.offset_minutes)[:19].replace("T", " ")


GB = Profile(
    id="gbt39046",
    name="国家标准代码（GB/T 39046-2020）",
    name_en="National codes (GB/T 39046-2020)",
    source="GB/T 39046-2020, annex A",
    satisfaction=codes.SATISFACTION_GB,
    promise=codes.PROMISE_GB,
    channel=codes.CHANNEL_GB,
    fields={
        "areaCode": "area",
        "deptCode": "unknown",
        "proDepart": "department",
        "taskCode": "unknown",
        "taskName": "service",
        "projectNo": "run",
        "proManager": "staff",
        "acceptDate": "service_date",
        "promiseType": "promise",
        "pf": "channel",
        "satisfaction": "satisfaction",
        "satisfactionName": "satisfaction_words",
        "evalDetail": "reasons",
        "writingEvaluation": "words",
        "assessTime": "rated_at",
        "assessNumber": "rating_number",
        "is_default": "is_default",
    },
)

ZHEJIANG = Profile(
    id="zhejiang",
    name="浙江省好差评接口代码",
    name_en="Zhejiang's rating interface",
    source="Zhejiang's interface as seen in public; see docs/reference/exports.md",
    satisfaction=codes.SATISFACTION_ZJ,
    promise=codes.PROMISE_ZJ,
    channel=codes.CHANNEL_ZJ,
    fields={
        "areaCode": "area",
        "deptCode": "unknown",
        "taskCode": "unknown",
        "taskHandleItem": "unknown",
        "taskName": "service",
        "subMatter": "unknown",
        "projectNo": "run",
        "proStatus": "unknown",
        "proDepart": "department",
        "proManager": "staff",
        "pf": "channel",
        "userName": "unknown",
        "userProp": "unknown",
        "certkeyGOV": "unknown",
        "satisfaction": "satisfaction",
        "evalDetail": "reasons",
        "writingEvaluation": "words",
        "assessTime": "rated_second",
        "assessNumber": "rating_number",
        "appStatus": "unknown",
        "promiseTime": "promise",
        "acceptDate": "service_date",
        "dataSource": "unknown",
        "is_default": "is_default",
    },
)

PROFILES = {profile.id: profile for profile in (GB, ZHEJIANG)}


def with_default(record: Record, days_since: int, after_days: int | None) -> Record:
    """An unrated run as a place that counts silence writes it, marked; a rated one, or any other place: as it is."""
    if after_days is None or record.grade is not None or days_since < after_days:
        return record
    return Record(
        hall=record.hall,
        run=record.run,
        date=record.date,
        offset_minutes=record.offset_minutes,
        window=record.window,
        staff=record.staff,
        service=record.service,
        grade=DEFAULT_GRADE,
        department=record.department,
        area=record.area,
        promise=record.promise,
        is_default=True,
    )
