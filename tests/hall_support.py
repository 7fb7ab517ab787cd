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
ZONES = (("b", "一层 B 区", "Floor 1, Zone B"), ("c", "一层 C 区", "Floor 1, Zone C"))
# (id, service, Chinese, English, department, department in English)
MATTERS = (
    ("idcard", "D", "居民身份证换领", "Renew a resident ID card", "公安户籍", "Police"),
    ("pension", "A", "养老保险参保登记", "Join the pension", "人社", "Social ins."),
    ("faraway", "B", "异地就医备案", "Care in another city", "医保", "Medical"),
    ("transfer", "C", "不动产转移登记", "Property transfer", "不动产登记", "Real estate"),
    ("shop", "E", "个体工商户登记", "Small business", "市场监管", "Market"),
    ("invoice", "F", "代开发票", "Tax invoice", "税务", "Taxes"),
    ("register", "D", "户口迁入登记", "Move a household register", "公安户籍", "Police"),
    ("passport", "D", "普通护照申领", "Apply for a passport", "公安户籍", "Police"),
    ("fund", "A", "公积金提取", "Housing fund", "公积金", "Housing"),
    ("marriage", "D", "结婚登记", "Marriage", "民政", "Civil affairs"),
    ("school", "A", "入学登记", "School", "教育", "Education"),
    ("water", "F", "自来水开户", "Water", "水务", "Water"),
    ("power", "F", "低压用电报装", "Power", "供电", "Power"),
)
ID_CARD = '''summary = "到期、损坏或信息变了，换一张新的"
summary_en = "For an ID card that is expiring, damaged, or shows old details"
often = true
promised_time = "10 个工作日（法定 60 日）"
promised_time_en = "10 working days (the law allows 60 days)"
fee = "20 元（证件工本费）"
fee_en = "20 yuan (for the card itself)"
papers = "现在的居民身份证（原件）\\n户口簿（原件，姓名、住址等变了才要带）\\n不用带照片（照片和指纹在窗口现场采集）"
papers_en = """
Your present ID card (the original)
Household register (the original, only if your details have changed)
No photograph needed (photo and fingerprints are taken at the window)"""
procedure = "取号等候\\n窗口受理核对材料\\n现场采集照片指纹\\n10 个工作日后领证或邮寄"
procedure_en = "Take a number\\nPapers are checked\\nPhoto and fingerprint\\nCollect it, or by post"
legal_basis = "《中华人民共和国居民身份证法》第十一条、第十二条、第二十条"
legal_basis_en = "Law on Resident Identity Cards, articles 11, 12 and 20"
place = "一层 C 区"
place_en = "Floor 1, Zone C"
'''


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
        for zone, name, english in ZONES:
            text += f'[[zones]]\nid = "{zone}"\nname = "{name}"\nname_en = "{english}"\n'
        for matter, service, name, english, department, department_en in MATTERS:
            text += (
                f'[[matters]]\nid = "{matter}"\nservice = "{service}"\nname = "{name}"\nname_en = "{english}"\n'
                f'department = "{department}"\ndepartment_en = "{department_en}"\n'
            )
            text += ID_CARD if matter == "idcard" else ""
        for number in range(1, WINDOWS + 1):
            text += (
                f'[[windows]]\nid = "{number}"\nname = "{number}号窗口"\nname_en = "Window {number}"\n'
                f'services = ["{served_at(number)}"]\nzone = "{"b" if number <= 6 else "c"}"\n'
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
