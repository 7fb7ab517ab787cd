"""The registry of a hub that starts, under the key that it finds, or makes where nothing is sealed yet."""

from collections.abc import Callable, Mapping
from pathlib import Path

from common.logs import Log
from hub.devices import key_file
from hub.devices.errors import HubKeyError
from hub.devices.registry import Registry, is_sealed
from hub.devices.sealing import Keyring


def open_registry(
    path: Path, said: Path, environment: Mapping[str, str], random: Callable[[int], bytes], log: Log
) -> Registry:
    """The boxes; raises `RegistryError` where secrets are sealed and no key here opens them.

    said: the key's file, as the settings have it. A hub whose secrets are still plain goes on without a key that it
    can neither find nor make, and says so: no hall stands still for it, and nothing new is written in the clear.
    """
    place = key_file.find(said, environment)
    sealed = is_sealed(path)
    try:
        keys = key_file.read(place) if sealed else key_file.read_or_make(place, random)
    except HubKeyError as error:
        registry = Registry(path, unsealed=str(error))
    else:
        registry = Registry(path, Keyring(keys, random))
    if registry.unsealed:
        log("hub.secrets_not_sealed", why=registry.unsealed)
    for name, why in sorted(registry.unread.items()):
        log("hub.registry_aside_unread", file=name, why=why)
    return registry
