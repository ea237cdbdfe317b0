# Sourced by run.sh and test.sh: says what is missing and installs it from Debian when it can.

fail() { printf 'mediarelay: %s\n' "$*" >&2; exit 1; }

need_dotnet() {
  command -v dotnet >/dev/null || fail "The .NET SDK is missing. Install .NET SDK 10 (package dotnet-sdk-10.0) and run this again."
  dotnet --version >/dev/null 2>&1 || fail "No .NET SDK that global.json accepts is installed. Install .NET SDK 10.0 and run this again."
  export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1
}

# need_packages PROGRAM:PACKAGE ... : a program name (or an absolute file) that proves that the Debian package is there.
need_packages() {
  local missing=() item proof package sudo=()
  for item in "$@"; do
    proof=${item%%:*} package=${item#*:}
    case $proof in
      /*) [ -e "$proof" ] || missing+=("$package") ;;
      *) command -v "$proof" >/dev/null || [ -x "/usr/sbin/$proof" ] || [ -x "/sbin/$proof" ] || missing+=("$package") ;;
    esac
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  command -v apt-get >/dev/null || fail "Missing: ${missing[*]}. This is not Debian; install them with your package system and run this again."
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || fail "Missing: ${missing[*]}. Run as root, or install sudo, or run: apt-get install ${missing[*]}"
    sudo=(sudo)
  fi
  echo "MediaRelay: installing ${missing[*]} ..."
  local log; log=$(mktemp)
  if ! { "${sudo[@]}" apt-get update && "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
    tail -n 3 "$log" >&2; rm -f "$log"
    fail "apt-get could not install: ${missing[*]}. Check the network and the rights of $(id -un), then run this again."
  fi
  rm -f "$log"
  hash -r
  for item in "$@"; do
    proof=${item%%:*}
    [ -e "$proof" ] || command -v "$proof" >/dev/null || [ -x "/usr/sbin/$proof" ] || [ -x "/sbin/$proof" ] \
      || fail "apt-get installed ${item#*:}, but $proof is still not to be found. Look at the PATH of $(id -un) ($PATH), then run this again."
  done
}
