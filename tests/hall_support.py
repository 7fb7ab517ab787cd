"""A hall as people see it: the design's county center with six services and sixteen windows, as a real hub process."""

from pathlib import Path
from typing import Any

from tests.hub_support import HubProcess, new_id

SERVICES = (
    ("A", "社会保险", "Social insurance"),
    ("B", "医疗保障", "Medical insurance"),
    ("C", "不动产", "Real estate"),
    ("D", "户籍身份", "Household, ID"),
    ("E", "企业开办", "Business start-up"),
    ("F", "税费办理", "Taxes and fees"),
)
WINDOWS = 16


def served_at(window: int) -> str:
    """The service of a window: 1 to 3 A, 4 to 6 B, …; the last serves two."""
    return SERVICES[min((window - 1) // 3, len(SERVICES) - 1)][0]


class County(HubProcess):
    """青溪县政务服务中心."""

    def __init__(self, folder: Path, more: str = "") -> None:
        super().__init__(folder)
        text = (
            '[hall]\nid = "qingxi"\nname = "青溪县政务服务中心"\nname_en = "Qingxi County Government Service Center"\n'
            'hours = "9:00–17:00"\ninvitation_s = 5\n[paths]\ndata = "data"\n[http]\nport = 0\n'
        )
        for prefix, name, english in SERVICES:
            text += f'[[services]]\nid = "{prefix}"\nprefix = "{prefix}"\nname = "{name}"\nname_en = "{english}"\n'
        for number in range(1, WINDOWS + 1):
            text += (
                f'[[windows]]\nid = "{number}"\nname = "{number}号窗口"\nname_en = "Window {number}"\n'
                f'services = ["{served_at(number)}"]\n'
            )
        self.config.write_text(text + more, "utf-8")

    async def give(self, service: str, count: int = 1) -> list[dict[str, Any]]:
        """Numbers."""
        given = []
        for _ in range(count):
            status, reply = await self.call(
                "POST", "/api/v1/tickets", "kiosk", {"service": service, "priority": None, "id": new_id()}
            )
            assert status == 201, reply
            self.secrets.add(reply["token"])
            given.append(reply)
        return given

    async def do(self, window: int | str, verb: str, **more: Any) -> dict[str, Any]:
        """A clerk's key, which must work."""
        status, reply = await self.command(str(window), verb, **more)
        assert status == 200, reply
        return dict(reply)

    async def staff(self) -> None:
        """A clerk at each window."""
        for window in range(1, WINDOWS + 1):
            await self.do(window, "sign_in", staff=f"s{window}")
