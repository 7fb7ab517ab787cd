#!/usr/bin/env bash
# Sets up what is missing: Debian packages (when root or passwordless sudo may), then .venv from the hashed locks.
# Called by `make setup`; safe to run again at any time.
set -euo pipefail
cd "$(dirname "$0")/.."
PYTHON=${PYTHON:-python3}

"$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
  echo "setup: Tingting needs Python 3.11 or newer; $PYTHON is $("$PYTHON" --version 2>&1). Say which to use: make setup PYTHON=python3.12" >&2
  exit 1
}

# package:what shows that it is there (a command, or a file)
wanted="unifont:/usr/share/unifont/unifont.hex espeak-ng:/usr/bin/espeak-ng alsa-utils:/usr/bin/aplay chromium:/usr/bin/chromium fonts-noto-cjk:/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc strace:/usr/bin/strace systemd:/usr/bin/systemd-analyze dbus:/usr/bin/dbus-daemon e2fsprogs:/usr/sbin/mkfs.ext4 poppler-utils:/usr/bin/pdftoppm libpangoft2-1.0-0:/usr/lib/*/libpangoft2-1.0.so.0 libharfbuzz-subset0:/usr/lib/*/libharfbuzz-subset.so.0"
"$PYTHON" -c 'import ensurepip, venv' 2>/dev/null || wanted="$wanted python3-venv:/nonexistent"
case "$(uname -m)" in
  x86_64) ;;
  # No wheel of the unix port there: Debian 13 packages the interpreter itself.
  *) wanted="$wanted micropython:/usr/bin/micropython" ;;
esac
missing=""
set -f  # the folder of a library is named after the machine; only compgen may look it up
for pair in $wanted; do
  compgen -G "${pair#*:}" >/dev/null || missing="$missing ${pair%%:*}"
done
set +f
if [ -n "$missing" ]; then
  install="apt-get install -y --no-install-recommends$missing"
  if ! command -v apt-get >/dev/null; then
    echo "setup: this is not Debian; please install what stands for:$missing" >&2
    exit 1
  elif [ "$(id -u)" = 0 ]; then
    as=""
  elif sudo -n true 2>/dev/null; then
    as="sudo -n"
  else
    echo "setup: some system packages are missing. Type this once, then call make again:" >&2
    echo "  sudo $install" >&2
    exit 1
  fi
  echo "setup: installing system packages:$missing"
  export DEBIAN_FRONTEND=noninteractive
  $as apt-get update -qq
  $as $install -qq >/dev/null
fi

# Scripts in an environment name its folder, so one that came along with a moved checkout is made anew.
if [ -x .venv/bin/pip ] && ! .venv/bin/pip --version >/dev/null 2>&1; then rm -rf .venv; fi
if [ ! -x .venv/bin/python ]; then
  echo "setup: making .venv"
  "$PYTHON" -m venv .venv
fi
echo "setup: installing the locked Python packages"
.venv/bin/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements/dev.txt
.venv/bin/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
echo "setup: done"
