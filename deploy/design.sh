#!/bin/sh
# Install the CSS, fonts and icons of the Danish public sector's design system (npm package dkfds)
# under graph_service/web/static/dkfds. Without npm, or without a network, the service uses its own
# stylesheet, and this script says so; it never stops a build.
#
# The package's style sheet loads whole fonts in old formats first; a page would fetch 600 KB. Only
# the Latin part of the three weights that we use is kept, as woff2.
set -u
target=graph_service/web/static/dkfds
version=11.2.0
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
tar -xzf "$work"/dkfds-*.tgz -C "$work" || exit 0
dist="$work/package/dist"
css="$dist/css/dkfds.min.css"
[ -f "$css" ] || css="$dist/css/dkfds.css"
[ -f "$css" ] || exit 0
new="$work/new"
fonts=fonts/IBMPlexSans/split/woff2
mkdir -p "$new/css" "$new/$fonts"
sed 's/@font-face *{[^}]*}//g; s/\/\*# sourceMappingURL=[^*]*\*\///g' "$css" > "$new/css/dkfds.min.css"
for pair in Regular:400 SemiBold:600 Bold:700; do
  name=IBMPlexSans-${pair%%:*}-Latin1.woff2
  cp "$dist/$fonts/$name" "$new/$fonts/" 2>/dev/null || continue
  printf '@font-face{font-display:swap;font-family:"IBM Plex Sans";font-style:normal;font-weight:%s;src:url(../%s/%s) format("woff2")}\n' \
    "${pair##*:}" "$fonts" "$name" >> "$new/css/dkfds.min.css"
done
cp "$dist"/fonts/IBMPlexSans/complete/woff2/license.txt "$new/fonts/" 2>/dev/null
cp -r "$dist/img" "$new/img" 2>/dev/null
cp "$work/package/LICENSE" "$new/" 2>/dev/null
rm -rf "$target"
mkdir -p "$(dirname "$target")"
cp -r "$new" "$target"
touch "$target/.done-$version"
echo "Designsystemet dkfds $version er lagt i $target."
