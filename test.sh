#!/usr/bin/env bash
# Installs what the tests need, builds everything and runs every test. One part: ./test.sh Turn (also Stun, Media, Qos,
# Signaling, IO, Architecture, System, Fuzz). Last line: N passed, N failed, N skipped. Non-zero on a failure or when nothing ran.
set -uo pipefail
cd "$(dirname "$0")"
. .ci/setup.sh

need_dotnet
python_gi=/usr/lib/python3/dist-packages/gi/__init__.py
gst=/usr/lib/x86_64-linux-gnu/gstreamer-1.0
[ -d $gst ] || gst=/usr/lib/$(uname -m)-linux-gnu/gstreamer-1.0
need_packages ffmpeg:ffmpeg chromium:chromium turnserver:coturn tshark:tshark openssl:openssl xmllint:libxml2-utils curl:curl jq:jq \
  ip:iproute2 sysctl:procps nft:nftables ping:iputils-ping setpriv:util-linux ps:procps sqlite3:sqlite3 \
  /usr/bin/python3:python3 $python_gi:python3-gi gst-launch-1.0:gstreamer1.0-tools $gst/libgstnice.so:gstreamer1.0-nice \
  $gst/libgstwebrtc.so:gstreamer1.0-plugins-bad $gst/libgstrtp.so:gstreamer1.0-plugins-good $gst/libgstx264.so:gstreamer1.0-plugins-ugly \
  $gst/libgstlibav.so:gstreamer1.0-libav $gst/libgstapp.so:gstreamer1.0-plugins-base \
  /usr/lib/$(uname -m)-linux-gnu/girepository-1.0/GstRtspServer-1.0.typelib:gir1.2-gst-rtsp-server-1.0 \
  /usr/lib/$(uname -m)-linux-gnu/girepository-1.0/GstWebRTC-1.0.typelib:gir1.2-gst-plugins-bad-1.0 \
  /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf:fonts-dejavu-core

started=$(date +%s)
case ${1:-all} in
  all) projects=(Stun Turn Media Qos Signaling Architecture Fuzz IO System) ;;
  *) projects=("$1"); [ -d "tests/$1.Tests" ] || [ -d "tests/$1" ] || fail "There is no part $1. Parts: Stun Turn Media Qos Signaling IO Architecture System Fuzz." ;;
esac

echo "Building ..."
target=MediaRelay.sln
if [ "${1:-all}" != all ]; then target=$(ls tests/"$1"*/*.csproj | head -1); fi
log=$(mktemp)
if ! dotnet build "$target" -v q --nologo -m:2 > "$log" 2>&1; then
  grep -E 'error|warning' "$log" | sort -u | head -40; rm -f "$log"
  echo "The build failed."; echo "0 passed, 1 failed, 0 skipped"; exit 1
fi
rm -f "$log"
echo "Built in $(( $(date +%s) - started )) s."

# These make network namespaces or read what only root may, which takes root; a user's PATH lacks its programs.
needs_root() { [ "$1" = System ] || [ "$1" = IO ]; }
as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo -H env "PATH=$PATH:/usr/sbin:/sbin" DOTNET_NOLOGO=1 "$@"; fi
}

passed=0 failed=0 skipped=0
for part in "${projects[@]}"; do
  project=tests/$part.Tests; [ -d "$project" ] || project=tests/$part
  runner=()
  if needs_root "$part"; then
    runner=(as_root)
    if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; then
      printf '%-14s left out: it makes network namespaces. Run ./test.sh as root, or install sudo.\n' "$part"
      skipped=$((skipped + 1)); continue
    fi
  fi
  at=$(date +%s); log=$(mktemp)
  "${runner[@]}" timeout --signal=INT --kill-after=30 1200 dotnet test "$project" --no-build --nologo --logger "console;verbosity=normal" > "$log" 2>&1
  code=$?
  # The runner's own summary: "     Passed: 12" and so on; the last of each counts.
  count() { grep -oE "^ +$1: [0-9]+" "$log" | tail -1 | grep -oE '[0-9]+$' || echo 0; }
  p=$(count Passed) f=$(count Failed) s=$(count Skipped)
  if [ "$code" -ne 0 ] && [ "$f" -eq 0 ]; then f=1; fi
  passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
  printf '%-14s %5d passed, %d failed, %d skipped  (%d s)\n' "$part" "$p" "$f" "$s" $(( $(date +%s) - at ))
  if [ "$f" -ne 0 ]; then
    grep -vE '^ +Passed |^\s*$' "$log" | tail -n 120
  fi
  rm -f "$log"
done
echo "All in $(( $(date +%s) - started )) s."
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
