#!/bin/sh
# Install the CSS, fonts and icons of the Danish public sector's design system (npm package dkfds)
# under graph_service/web/static/dkfds. Without npm, or without a network, the service uses its own
# stylesheet, and this script says so; it never stops a build.
set -u
target=graph_service/web/static/dkfds
version=11
[ -f "$target/.done-$version" ] && exit 0
if ! command -v npm >/dev/null 2>&1; then
  echo "npm findes ikke her, så siderne bruger projektets eget lille stilark."
  exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if ! npm pack --silent --pack-destination "$work" "dkfds@$version" >/dev/null 2>&1; then
  echo "Designsystemet dkfds kunne ikke hentes, så siderne bruger projektets eget lille stilark."
  exit 0
fi
tar -xzf "$work"/dkfds-*.tgz -C "$work"
rm -rf "$target"
mkdir -p "$target"
cp "$work"/package/dist/css/dkfds.min.css "$target"/ 2>/dev/null || cp "$work"/package/dist/css/dkfds.css "$target"/dkfds.min.css
cp -r "$work"/package/dist/fonts "$target"/ 2>/dev/null
cp -r "$work"/package/dist/img "$target"/ 2>/dev/null
touch "$target/.done-$version"
echo "Designsystemet dkfds $version er lagt i $target."
