"""The label of a box: its QR code read back by another library, in every file it comes as."""

import io
import subprocess
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image

from common.paper.decoder import Decoder
from common.paper.picture import draw
from hub.printing.label import BoxLabel, rendered
from tools.device.errors import DeviceError
from tools.device.hub import HubClient
from tools.device.labels import HEIGHT_MM, WIDTH_MM, Label, drawn, wanted

DEVICE = "ev-00112233445566aa"
NOWHERE = HubClient("http://127.0.0.1:9", "token")


@pytest.mark.parametrize("device", [DEVICE, "x", "di-" + "f" * 29])
@pytest.mark.parametrize("place", ["3号窗口", "12", "", "社会保险与医疗保障综合窗口"])
def test_every_picture_has_the_boxes_name_in_its_code(tmp_path: Path, device: str, place: str) -> None:
    label = Label(device, "evaluator", "3", place)
    for suffix in (".png", ".pdf"):
        path = tmp_path / f"label{suffix}"
        path.write_bytes(drawn(label, suffix))
        if suffix == ".pdf":
            subprocess.run(["pdftoppm", "-r", "300", "-png", "-singlefile", path, tmp_path / "page"], check=True)
            path = tmp_path / "page.png"
        picture = Image.open(path)
        assert abs(picture.width / picture.height - WIDTH_MM / HEIGHT_MM) < 0.01
        (code,) = zxingcpp.read_barcodes(picture)
        assert code.text == device


def test_the_drawing_is_read_as_well(tmp_path: Path) -> None:
    """Set by WeasyPrint, as one of many programs that print an SVG."""
    from weasyprint import HTML  # noqa: PLC0415 - heavy

    page = f"<style>@page{{size:{WIDTH_MM}mm {HEIGHT_MM}mm;margin:0}}body{{margin:0}}</style>"
    text = drawn(Label("di-" + "f" * 29, "dispenser", None, ""), ".svg").decode()
    HTML(string=page + text).write_pdf(tmp_path / "label.pdf")
    subprocess.run(
        ["pdftoppm", "-r", "300", "-png", "-singlefile", tmp_path / "label.pdf", tmp_path / "page"], check=True
    )
    (code,) = zxingcpp.read_barcodes(Image.open(tmp_path / "page.png"))
    assert code.text == "di-" + "f" * 29


def test_the_drawing_says_place_role_and_name_and_nothing_else() -> None:
    text = drawn(Label(DEVICE, "dispenser", None, "<一楼>"), ".svg").decode()
    assert "&lt;一楼&gt;" in text
    assert "取号机 Dispenser" in text
    assert text.count(DEVICE) == 2  # the title and the line
    assert f'width="{WIDTH_MM}mm" height="{HEIGHT_MM}mm"' in text


def test_where_it_goes_is_looked_at_before_anything_is_done(tmp_path: Path) -> None:
    assert wanted((str(tmp_path / "a.svg"), str(tmp_path / "b.PDF")), NOWHERE) == [
        tmp_path / "a.svg",
        tmp_path / "b.PDF",
    ]
    with pytest.raises(DeviceError, match=r"a label is written as \.svg, \.png, \.pdf"):
        wanted((str(tmp_path / "a.docx"),), NOWHERE)
    with pytest.raises(DeviceError, match="its folder is not there"):
        wanted((str(tmp_path / "none" / "a.svg"),), NOWHERE)
    with pytest.raises(DeviceError, match="does not answer"):
        wanted(("printer",), NOWHERE)


@pytest.mark.parametrize("columns", [32, 48])
def test_a_ticket_printer_burns_the_same(columns: int) -> None:
    decoder = Decoder(columns)
    decoder.feed(rendered(BoxLabel(DEVICE, "评价器", "3号窗口", "测试厅"), columns))
    (slip,) = decoder.finished
    assert slip.codes == [DEVICE.encode()]
    assert [line for line in slip.text.splitlines() if line] == ["测试厅", "3号窗口", "评价器", DEVICE]
    kept = io.BytesIO()
    draw(slip, columns).save(kept, "PNG")
    (code,) = zxingcpp.read_barcodes(Image.open(kept))
    assert code.text == DEVICE
