"""What is in the hub's data, for who holds a copy of it in his hand: no box's secret, no token, no PIN, no cookie."""

import base64
import stat
from pathlib import Path

from hub.devices import key_file
from tests.door_support import visiting
from tests.hub_support import Box, HubProcess, new_id, until


async def test_no_file_of_the_hub_holds_a_secret_a_token_a_pin_or_a_cookie_and_all_are_its_owners(
    tmp_path: Path,
) -> None:
    async with Box("ev-1") as box, HubProcess(tmp_path, (box.line,)) as hub:
        await hub.register(box)
        await until(lambda: hub.online(box), "the box online")
        status, said = await hub.call(
            "PUT", "/api/v1/hall/config", "manager", {"staff": [{"code": "s1", "name": "王芳"}]}
        )
        assert status == 200, said
        status, said = await hub.call("POST", "/api/v1/staff/s1/pin/reset", "manager", {})
        assert status == 201, said
        pin = said["pin"]
        body = {"command": "sign_in", "staff": "s1", "pin": pin, "id": new_id()}
        status, said = await hub.call("POST", "/api/v1/windows/1/commands", "clerk window/1", body)
        assert status == 200, said
        citizen = (await hub.ticket())["token"]
        async with visiting(hub.url) as visitor:
            form = {"token": hub.tokens["manager"]}
            assert (await visitor.ask("POST", "/admin/sign-in", data=form)).status == 303
            (cookie,) = [morsel.value for morsel in visitor.client.cookie_jar]
        await hub.stop()
        files = [path for path in (tmp_path / "data").rglob("*") if path.is_file()]
        assert {"journal.sqlite3", "hall.json", "registry.json"} <= {path.name for path in files}
        for path in files:
            content = path.read_bytes()
            # A PIN's digits stand in any long file by chance; as a value of their own they don't.
            for secret in (*hub.tokens.values(), cookie, f'"{pin}"'):
                assert secret.encode() not in content, path.name
            # In no event and no other file; but a kiosk that asks again gets its first answer, which has it.
            assert citizen.encode() not in content or path.name == "journal.sqlite3"
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, path.name
        # The boxes' secrets are there, for the hub proves itself by them: sealed, and the key lies elsewhere.
        (key,) = key_file.read(tmp_path / "hub.key")
        for secret in (box.secret, key):
            forms = (secret, secret.hex().encode(), secret.hex().upper().encode(), base64.b64encode(secret))
            assert not [path.name for path in files if any(form in path.read_bytes() for form in forms)]
        assert b'"sealed": "' in (tmp_path / "data/registry.json").read_bytes()
