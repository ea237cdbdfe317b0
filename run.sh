#!/usr/bin/env bash
# Builds MediaRelay and runs its main job with embedded defaults. Arguments go to `mediarelay demo` (try: ./run.sh --help).
set -euo pipefail
cd "$(dirname "$0")"
. .ci/setup.sh

need_dotnet
need_packages ffmpeg:ffmpeg setpriv:util-linux

program=Signaling/Server/bin/Release/net10.0/mediarelay.dll
# git's tree id covers committed files, the status covers the rest: together they tell whether a build is needed.
state=$( { git rev-parse HEAD; git status --porcelain; } 2>/dev/null || echo unknown)
if [ ! -f "$program" ] || [ "$state" != "$(cat Signaling/Server/bin/Release/.built 2>/dev/null)" ] || [ -n "$(git status --porcelain 2>/dev/null)" ]; then
  echo "MediaRelay: building (about a minute the first time, seconds later) ..."
  log=$(mktemp)
  if ! dotnet build Signaling/Server -c Release -v q --nologo >"$log" 2>&1; then
    grep -E 'error' "$log" | sort -u | head -20 >&2
    rm -f "$log"
    fail "The build failed; the lines above say where. Fix them, or check out a commit that passed ./test.sh."
  fi
  rm -f "$log"
  printf '%s' "$state" > Signaling/Server/bin/Release/.built
fi
exec dotnet "$program" demo "$@"
