#!/bin/sh
# Install the programs that some tests drive: Chromium (browser tests) and Virtuoso (external store).
# When that cannot be done here, say which tests will be skipped, and how to get the program.
set -u
need() { # command, package, what needs it
  command -v "$1" >/dev/null 2>&1 && return 0
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installerer $2 …"
    DEBIAN_FRONTEND=noninteractive apt-get install -y -q "$2" >/dev/null 2>&1 || {
      apt-get update -q >/dev/null 2>&1
      DEBIAN_FRONTEND=noninteractive apt-get install -y -q "$2" >/dev/null 2>&1
    }
  fi
  command -v "$1" >/dev/null 2>&1 && return 0
  echo "MANGLER: $1, som $3 bruger. På Debian: apt install $2. De test springes over."
}
need chromium chromium "sidernes browsertest"
need virtuoso-t virtuoso-opensource-7 "testen af et eksternt lager"
need node nodejs "testen af tilgængelighed (axe-core)"
# axe-core finds faults of accessibility; it is fetched once and kept out of the repository.
if [ ! -f .cache/axe/axe.min.js ] && command -v npm >/dev/null 2>&1; then
  mkdir -p .cache/axe
  (cd .cache/axe && npm pack --silent axe-core@4.10.3 >/dev/null 2>&1 &&
    tar -xzf axe-core-*.tgz package/axe.min.js && mv package/axe.min.js . && rm -rf package axe-core-*.tgz)
fi
[ -f .cache/axe/axe.min.js ] || echo "MANGLER: axe-core (npm). Testen af tilgængelighed springes over."
exit 0
