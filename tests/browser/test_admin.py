"""The manager's pages over a real hub: what is wrong first, the first steps, tables with undo, import, tokens."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from tests.browser.axe import serious
from tests.browser.conftest import OpenPage, screenshot
from tests.hub_support import HubProcess, until
from tests.printer_support import TcpPrinter

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def hub(tmp_path: Path) -> AsyncIterator[HubProcess]:
    made = HubProcess(tmp_path, windows=2)
    async with made:
        port = made.url.rsplit(":", 1)[1].strip("/")
        made.config.write_text(made.config.read_text("utf-8").replace("port = 0", f"port = {port}"), "utf-8")
        yield made


async def enter(page: Page, hub: HubProcess) -> None:
    await page.get_by_role("textbox").fill(hub.tokens["manager"])
    await page.keyboard.press("Enter")
    await expect(page.locator("#nav a").first).to_be_visible()


async def turn_to(page: Page, section: str) -> None:
    await page.locator(f'#nav a[href="#{section}"]').click()
    await expect(page.locator(f'#nav a[href="#{section}"]')).to_have_attribute("aria-current", "page")


async def test_from_nothing_to_a_hall(hub: HubProcess, open_page: OpenPage) -> None:
    page = await open_page(f"{hub.url}/admin")
    await page.get_by_role("textbox").fill(hub.tokens["clerk window/1"])
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_contain_text("打不开管理页面")
    await screenshot(page, "admin-sign-in-wrong")
    await enter(page, hub)
    await expect(page.get_by_role("heading", name="开始设置")).to_be_visible()  # a new hall begins there
    await expect(page.locator(".steps .todo")).to_have_count(5)
    await screenshot(page, "admin-start")

    await page.get_by_role("link", name="填大厅名称和开放时间").click()
    await page.locator("#field-hours").fill("9:00–17:00")
    await page.locator("#field-invitation_s").fill("1")
    await page.get_by_role("button", name="保存", exact=True).click()
    await expect(page.get_by_role("alert").filter(has_text="没有保存")).to_contain_text("请填 2 到 120 的整数")
    assert await serious(page) == []
    await page.locator("#field-invitation_s").fill("15")
    await page.get_by_role("button", name="保存", exact=True).click()
    await expect(page.locator("#told")).to_contain_text("已保存")

    await turn_to(page, "zones")
    await expect(page.get_by_text("还没有。")).to_be_visible()
    await page.get_by_role("link", name="新增区域").click()
    await page.locator("#field-id").fill("east")
    await page.locator("#field-name").fill("东区")
    await expect(page.get_by_text("下一次叫号就用这个音量")).to_be_visible()
    await page.locator("#field-volume_percent").fill("60")
    await page.keyboard.press("Enter")
    await expect(page.locator("tbody")).to_contain_text("东区")

    await turn_to(page, "windows")
    await page.get_by_role("link", name="新增窗口").click()
    await page.get_by_role("button", name="保存", exact=True).click()
    await expect(page.locator(".wrong a")).to_have_count(3)  # the list on top leads to the fields
    await page.locator(".wrong a").first.click()
    await expect(page.locator("#field-id")).to_be_focused()
    await screenshot(page, "admin-form-errors")
    await page.locator("#field-id").fill("3")
    await page.locator("#field-name").fill("3号窗口")
    await page.get_by_label("社保").check()
    await page.locator("#field-zone").select_option("east")
    await page.get_by_role("button", name="保存", exact=True).click()
    await expect(page.locator("#told")).to_contain_text("新令牌只显示这一次")
    token = await page.locator("#told code").inner_text()
    hub.tokens["clerk window/3"] = token
    assert (await hub.command("3", "sign_in", staff="s3"))[0] == 200
    assert (await hub.command("3", "sign_out"))[0] == 200

    await turn_to(page, "staff")
    await page.get_by_role("link", name="新增窗口人员").click()
    await page.locator("#field-code").fill("1027")
    await page.locator("#field-name").fill("张三")
    await page.get_by_role("button", name="保存", exact=True).click()
    await expect(page.locator("#told")).to_contain_text("已保存：张三")
    await turn_to(page, "start")
    await expect(page.locator(".steps .done")).to_have_count(3)
    assert await serious(page) == []


async def test_each_change_can_be_taken_back(hub: HubProcess, open_page: OpenPage) -> None:
    page = await open_page(f"{hub.url}/admin#windows", lang="en")
    await enter(page, hub)
    await page.goto(f"{hub.url}/admin#windows")
    await page.get_by_role("button", name="Move down 1").click()
    await expect(page.locator("tbody th").first).to_have_text("2")
    await page.get_by_role("button", name="Remove 2").click()
    await expect(page.locator("tbody tr")).to_have_count(1)
    await page.get_by_role("button", name="Undo").click()
    await expect(page.locator("tbody tr")).to_have_count(2)
    await page.get_by_role("link", name="Change 1").click()
    await expect(page.locator("#field-id")).to_have_attribute("readonly", "")
    await page.locator("#field-name_en").fill("Window one")
    # Somebody else changes the hall meanwhile: nothing is written over, and what was typed is still there.
    _, config = await hub.call("GET", "/api/v1/hall/config", "manager")
    hall = config["hall"] | {"hours": "8:30–16:30"}
    body = {"hall": hall, "revision": config["revision"]}
    assert (await hub.call("PUT", "/api/v1/hall/config", "manager", body))[0] == 200
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.get_by_role("alert").filter(has_text="meanwhile")).to_be_visible()
    assert await page.locator("#field-name_en").input_value() == "Window one"
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.locator("tbody")).to_contain_text("Window one")
    await turn_to(page, "history")
    await expect(page.locator("tbody tr").first).to_contain_text("Windows 1 changed")
    await screenshot(page, "admin-history-en")
    await page.get_by_role("button", name="Undo").click()
    await expect(page.locator("#told")).to_contain_text("Taken back")
    _, config = await hub.call("GET", "/api/v1/hall/config", "manager")
    assert [row["name_en"] for row in config["windows"]] == ["", ""]
    assert config["hall"]["hours"] == "8:30–16:30"


async def test_what_is_wrong_comes_first_and_goes_by_itself(tmp_path: Path, open_page: OpenPage) -> None:
    made = HubProcess(tmp_path, lines=("socket://127.0.0.1:9",))
    async with TcpPrinter() as printer:
        printer.change(paper_out=True)
        text = f'[[printers]]\nid = "k1"\nname = "一号自助机"\nurl = "{printer.url}"\n'
        made.config.write_text(made.config.read_text("utf-8") + text, "utf-8")
        async with made as hub:
            page = await open_page(f"{hub.url}/admin")
            await enter(page, hub)
            await expect(page.locator("h1")).to_have_text("现在的问题")
            await expect(page.locator(".problems li")).to_have_count(2)
            await expect(page.locator(".problems")).to_contain_text("打印机 一号自助机：缺纸")
            await expect(page.locator(".problems")).to_contain_text("127.0.0.1:9 没有接通")
            assert await serious(page) == []
            await screenshot(page, "admin-wrong")
            printer.refill()
            await expect(page.locator(".problems li")).to_have_count(1)
            await turn_to(page, "printers")
            await page.get_by_role("button", name="打一张练习票").click()
            await expect(page.locator("#told")).to_contain_text("k1：正常")
            assert "练习" in printer.slips[0].text
            await page.locator("summary").click()
            await expect(page.locator(".tickets img")).to_have_count(2)
            drawn = "[...document.querySelectorAll('.tickets img')].every((img) => img.naturalHeight > 300)"
            await until(lambda: page.evaluate(drawn), "two pictures")
            await screenshot(page, "admin-printers")
            for section in ("devices", "journal", "tokens", "leds", "matters"):
                await turn_to(page, section)
                await screenshot(page, f"admin-{section}")
                assert await serious(page) == [], section


async def test_a_configuration_goes_out_and_comes_in_with_its_difference_first(
    hub: HubProcess, open_page: OpenPage, tmp_path: Path
) -> None:
    page = await open_page(f"{hub.url}/admin")
    await enter(page, hub)
    await turn_to(page, "backup")
    async with page.expect_download() as waiting:
        await page.get_by_role("link", name="下载设置文件").click()
    download = await waiting.value
    assert download.suggested_filename == "h1-revision-1.json"
    kept = json.loads(Path(await download.path()).read_text("utf-8"))
    assert hub.tokens["manager"] not in json.dumps(kept)

    file = tmp_path / "other.json"
    file.write_text(json.dumps(kept), "utf-8")
    chooser = page.locator("#import-file")
    await chooser.set_input_files(file)
    await expect(page.get_by_text("没有要改的")).to_be_visible()
    file.write_text("[1, 2", "utf-8")
    await chooser.set_input_files([])
    await chooser.set_input_files(file)
    await expect(page.get_by_role("alert").filter(has_text="不是可用的设置文件")).to_be_visible()
    kept["windows"][0]["name"] = "一号综合窗口"
    kept["announcements"] = [{"id": "n1", "text": "国庆期间照常办理"}]
    file.write_text(json.dumps(kept), "utf-8")
    await chooser.set_input_files([])
    await chooser.set_input_files(file)
    await expect(page.locator("del")).to_have_text("1号窗口")
    await expect(page.locator("ins")).to_have_text("一号综合窗口")
    await screenshot(page, "admin-import")
    assert await serious(page) == []
    _, config = await hub.call("GET", "/api/v1/hall/config", "manager")
    assert config["revision"] == 1  # nothing is written yet
    await page.get_by_role("button", name="写入这些改动").click()
    await expect(page.locator("h1")).to_have_text("改动与撤销")
    _, config = await hub.call("GET", "/api/v1/hall/config", "manager")
    assert config["windows"][0]["name"] == "一号综合窗口"
    assert config["announcements"][0]["text"] == "国庆期间照常办理"


async def test_a_lost_token_is_replaced_and_who_came_in_by_it_is_out(hub: HubProcess, open_page: OpenPage) -> None:
    clerk = await open_page(f"{hub.url}/window/1")
    await clerk.get_by_role("textbox").fill(hub.tokens["clerk window/1"])
    await clerk.keyboard.press("Enter")
    await expect(clerk.locator("#enter")).to_be_visible()
    page = await open_page(f"{hub.url}/admin")
    await enter(page, hub)
    await turn_to(page, "tokens")
    row = page.locator("tr").filter(has_text="window/1")
    await row.get_by_role("button").click()
    await page.locator("#sure").get_by_role("button", name="返回").click()
    await expect(page.locator("#told code")).to_have_count(0)
    await row.get_by_role("button").click()
    await page.get_by_role("button", name="确定").click()
    token = await page.locator("#told code").inner_text()
    assert (await hub.command("1", "sign_in", staff="s1"))[0] == 401
    hub.tokens["clerk window/1"] = token
    assert (await hub.command("1", "sign_in", staff="s1"))[0] == 200
    assert (await clerk.request.get(f"{hub.url}/api/v1/windows/1")).status == 401
    await expect(page.locator("tr").filter(has_text="审计")).to_contain_text("技术员工具")
    body = {"role": "auditor"}
    assert (await hub.call("POST", "/admin/tokens", "manager", body))[0] == 422


async def test_every_print_and_screen_and_a_hub_that_goes_away(hub: HubProcess, open_page: OpenPage) -> None:
    page = await open_page(f"{hub.url}/admin")
    await enter(page, hub)
    for mode in ("text=large&contrast=high", "text=normal&contrast=normal&lang=en"):
        for section in ("start", "windows", "services/edit/A"):
            await page.goto(f"{hub.url}/admin?{mode}#{section}")
            await expect(page.locator("h1")).not_to_be_empty()
            for width in (1366, 683, 390, 320):
                await page.set_viewport_size({"width": width, "height": 844 if width == 390 else 768})
                assert await page.evaluate("document.documentElement.scrollWidth") <= width, (mode, section, width)
                await screenshot(page, f"admin-{section.replace('/', '-')}-{mode.split('&')[0]}-{width}")
            await page.set_viewport_size({"width": 1366, "height": 768})
    await hub.kill()
    await expect(page.locator("#stale")).to_contain_text("No answer from the hub")
    await screenshot(page, "admin-stale-en")
    await hub.start()
    await expect(page.locator("#stale")).to_be_hidden()


async def test_strangers_stay_outside(hub: HubProcess, open_page: OpenPage) -> None:
    page = await open_page(f"{hub.url}/admin")
    await enter(page, hub)
    cookie = next(each for each in await page.context.cookies() if each["name"] == "session-manager")
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
    assert "default-src 'none'" in (await page.request.get(f"{hub.url}/admin")).headers["content-security-policy"]
    put = {"hall": {"name": "别人的厅"}}
    assert (await page.request.put(f"{hub.url}/api/v1/hall/config", data=put)).status == 403  # no second secret
    assert (await page.request.post(f"{hub.url}/admin/tokens", data={"role": "kiosk"})).status == 403
    assert (await hub.call("GET", "/admin/now", "kiosk"))[0] == 403
    assert (await hub.call("GET", "/admin/export", None))[0] == 401
    form = {"token": hub.tokens["manager"]}
    elsewhere = {"Origin": "http://elsewhere.example"}
    assert (await page.request.post(f"{hub.url}/admin/sign-in", form=form, headers=elsewhere)).status == 403
    await page.get_by_role("button", name="退出").click()
    assert (await page.request.get(f"{hub.url}/admin/now")).status == 401


async def test_the_day_is_practised_swept_and_put_right(hub: HubProcess, open_page: OpenPage) -> None:
    page = await open_page(f"{hub.url}/")
    await expect(page.get_by_role("link", name="1号窗口")).to_have_attribute("href", "/window/1")
    await page.get_by_role("link", name="管理", exact=True).click()
    await enter(page, hub)
    await turn_to(page, "day")
    await page.get_by_role("button", name="开始培训").click()
    await expect(page.locator("#told")).to_contain_text("已开始培训")
    await expect(page.locator("[data-training]")).to_be_visible()
    await screenshot(page, "admin-day")
    assert await serious(page) == []
    clerk = await open_page(f"{hub.url}/window/1")
    await clerk.get_by_role("textbox").fill(hub.tokens["clerk window/1"])
    await clerk.keyboard.press("Enter")
    await expect(clerk.locator("[data-training]")).to_be_visible()
    assert (await hub.ticket())["number"].startswith("X")
    await page.get_by_role("button", name="结束培训").click()
    await expect(page.locator("#told")).to_contain_text("没有做成")  # a ticket is open
    await page.get_by_role("button", name="作废所有未办的号").click()
    await page.get_by_role("button", name="确定").click()
    await expect(page.locator("#told")).to_contain_text("已作废 1 个号")
    await page.get_by_role("button", name="结束培训").click()
    await expect(page.locator("#told")).to_contain_text("已结束培训")
    await expect(page.locator("[data-training]")).to_be_hidden()
    await expect(clerk.locator("[data-training]")).to_be_hidden()
    await page.locator("#day-date").fill("2026-11-30")
    await page.get_by_role("button", name="更正日期").click()
    await page.get_by_role("button", name="确定").click()
    await expect(page.locator("#told")).to_contain_text("日期已更正")
    assert (await hub.ticket())["number"] == "A001"
    (moved,) = await hub.events("hall.hub.date_set")
    assert moved["data"]["to_date"] == "2026-11-30"
