#!/usr/bin/env bash
# See that the machine has what pip and npm cannot bring. As root on Debian or Ubuntu missing packages are
# installed; otherwise one line says what is missing and what will not work. Never fails: the rest works without.
#
#   tools/system_packages.sh venv|npm|papers|browser
set -u

need() { # need "what will not work" package...
  local loss=$1
  shift
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing $*"
    export DEBIAN_FRONTEND=noninteractive
    { apt-get install -y -qq --no-install-recommends "$@" ||
      { apt-get update -qq && apt-get install -y -qq --no-install-recommends "$@"; }; } >/dev/null 2>&1 && return
  fi
  echo "Missing on this machine: $*. Without it $loss. Install it (as root: apt-get install $*) and run make again." >&2
}

case ${1:-} in
  venv)
    "${PYTHON:-python3}" -c 'import ensurepip' 2>/dev/null || need "no .venv can be made" python3-venv
    ;;
  npm)
    command -v npm >/dev/null || need "maps, charts and live parts of pages do not work" nodejs npm
    ;;
  papers)
    .venv/bin/python -c 'import weasyprint' >/dev/null 2>&1 ||
      need "papers cannot be made as PDF" libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0
    { command -v fc-list >/dev/null && [ -n "$(fc-list :lang=zh-cn family)" ]; } ||
      need "Chinese in PDF papers shows as boxes" fontconfig fonts-noto-cjk
    ;;
  browser)
    command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null ||
      need "the browser tests are skipped" chromium
    ;;
  *)
    echo "usage: tools/system_packages.sh venv|npm|papers|browser" >&2
    exit 2
    ;;
esac
exit 0
