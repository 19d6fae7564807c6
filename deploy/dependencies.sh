# shellcheck shell=bash
# shellcheck disable=SC2034 # the lists are for who sources this
# Sourced by deploy/run.sh and the test scripts: what the project needs and how to get it with apt.
#
# Every function installs only what is missing; with nothing missing there is no network access and
# no need for root. The machine's apt configuration is never changed.

build_packages=(
  g++
  cmake
  ninja-build
  make # the compiler runs it to optimise the whole program on more than one core
  libasio-dev
  libspdlog-dev
  libcli11-dev
  libtomlplusplus-dev
  nlohmann-json3-dev
)
test_packages=(
  libgtest-dev
  libgmock-dev
  libsqlite3-dev # of an example
  libssl-dev     # of signed cookies and sessions
  doxygen        # makes the reference, and sees whether each function has an example
  goaccess       # these two read access logs
  jq
)
fuzz_packages=( # for tests/fuzz/run.sh alone
  clang
  libclang-rt-dev
  llvm # its symbolizer: names and lines in what the sanitizers report
)
bench_packages=(
  curl
  jq
  wrk
)
instruction_packages=( # for tests/bench/instructions.sh alone
  valgrind
)
slow_client_packages=(
  curl
  jq
  slowhttptest
  wrk
)

# Releases before 9.2.1 accept forms of request smuggling. The tilde lets in Debian's 9.2.1~....
llhttp_minimum='9.2.1~'

say() { printf '%s\n' "==> $*" >&2; }
fail() {
  printf '%s\n' "$*" >&2
  exit 1
}

have_apt() { command -v apt-get >/dev/null && command -v dpkg-query >/dev/null; }

is_installed() {
  [[ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" == installed ]]
}

# apt needs root; everything else runs as who called.
apt_get() {
  local prefix=()
  if ((EUID != 0)); then
    prefix=(sudo)
  fi
  "${prefix[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get -q -o DPkg::Lock::Timeout=300 "$@" >&2
}

remove_as_root() {
  if ((EUID == 0)); then rm -rf "$1"; else sudo rm -rf "$1"; fi
}

require_root() {
  if ((EUID != 0)) && ! command -v sudo >/dev/null; then
    fail "Missing: $*. Installing needs root, and there is no sudo: run this once as root."
  fi
}

# At most once per run. Another apt may be at work: its lock on the lists is waited for here, since
# DPkg::Lock::Timeout does not cover it.
apt_lists_are_fresh=false
update_apt_lists() {
  "$apt_lists_are_fresh" && return
  say 'Reading the package lists (apt-get update)'
  local output tries_left=30
  output=$(mktemp)
  until apt_get update 2>&1 | tee "$output" >&2; do
    if ((--tries_left == 0)) || ! grep -q 'Could not get lock' "$output"; then
      say 'apt-get update reported errors; going on with the lists there are'
      break
    fi
    sleep 10
  done
  rm -f "$output"
  apt_lists_are_fresh=true
}

# install_packages NAME...
install_packages() {
  local missing=() name
  for name in "$@"; do
    is_installed "$name" || missing+=("$name")
  done
  ((${#missing[@]})) || return 0
  require_root "${missing[*]}"
  update_apt_lists
  say "Installing ${missing[*]}"
  apt_get install -y --no-install-recommends "${missing[@]}" ||
    fail "apt could not install: ${missing[*]} (its reason is above)."
}

# Installing a server must not start it: Debian asks this script before it starts a service.
start_policy=/usr/sbin/policy-rc.d
policy_made=false
allow_service_starts() {
  if "$policy_made"; then
    remove_as_root "$start_policy"
    policy_made=false
  fi
}

# install_servers NAME...: with nginx comes its echo module. Call allow_service_starts in the trap
# for the end of the script, in case it is interrupted.
install_servers() {
  local missing=() packages=() name prefix=() path=$PATH:/usr/sbin:/sbin
  for name in "$@"; do
    if [[ "$name" == nginx && ! -e /usr/lib/nginx/modules/ngx_http_echo_module.so ]]; then
      missing+=('the echo module of nginx') packages+=(libnginx-mod-http-echo)
    fi
    PATH=$path command -v "$name" >/dev/null && continue
    missing+=("$name")
    if [[ "$name" == nginx ]]; then packages+=(nginx-light); else packages+=("$name"); fi
  done
  ((${#missing[@]})) || return 0
  have_apt || fail "Please install these servers first: ${missing[*]}"
  require_root "${missing[*]}"
  ((EUID == 0)) || prefix=(sudo)
  if [[ ! -e "$start_policy" ]]; then
    policy_made=true
    printf '#!/bin/sh\nexit 101\n' | "${prefix[@]}" tee "$start_policy" >/dev/null
    "${prefix[@]}" chmod 755 "$start_policy"
  fi
  install_packages "${packages[@]}"
  if [[ -d /run/systemd/system ]]; then
    "${prefix[@]}" systemctl disable --quiet "$@" || true
  fi
  allow_service_starts
}

llhttp_is_installed() {
  local version
  is_installed libllhttp-dev || return 1
  version=$(dpkg-query -W -f='${Version}' libllhttp-dev)
  dpkg --compare-versions "$version" ge "$llhttp_minimum"
}

llhttp_is_a_candidate() {
  local version
  version=$(apt-cache policy libllhttp-dev 2>/dev/null | sed -n 's/^ *Candidate: //p')
  [[ -n "$version" && "$version" != '(none)' ]] &&
    dpkg --compare-versions "$version" ge "$llhttp_minimum"
}

# Debian 12 has no llhttp that is safe to use. Debian 13's needs nothing but libc6, so it, and only
# it, is taken from there: from the mirror this machine uses already, through lists in a temporary
# folder. apt is asked first what it would do, and anything else but adding these two is refused.
install_llhttp_from_debian_13() {
  local mirror folder codename planned keyring=/usr/share/keyrings/debian-archive-keyring.gpg
  codename=$(. /etc/os-release && printf '%s' "${ID:-} ${VERSION_CODENAME:-}")
  [[ "$codename" == 'debian bookworm' && -r "$keyring" ]] || return 1
  # shellcheck disable=SC2016 # apt expands it
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' \
    'Codename: bookworm' 2>/dev/null | head -n 1)
  [[ -n "$mirror" ]] || return 1

  folder=$(mktemp -d)
  mkdir -p "$folder/sources" "$folder/lists/partial"
  chmod -R a+rX "$folder"
  printf '%s\n' 'Types: deb' "URIs: $mirror" 'Suites: trixie' 'Components: main' \
    "Signed-By: $keyring" >"$folder/sources/trixie.sources"
  local private_lists=(
    -o Dir::Etc::SourceList=/dev/null
    -o Dir::Etc::SourceParts="$folder/sources"
    -o Dir::State::Lists="$folder/lists"
    -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache=
    -o APT::Get::List-Cleanup=0 -o Acquire::Languages=none
  )

  local status=1
  say 'Installing libllhttp-dev from Debian 13 (Debian 12 has no safe version)'
  if apt_get "${private_lists[@]}" update; then
    planned=$(apt-get "${private_lists[@]}" -s install --no-install-recommends libllhttp-dev |
      grep -E '^(Inst|Remv) ' | grep -vE '^Inst libllhttp[-.0-9a-z]* \(' || true)
    if [[ -n "$planned" ]]; then
      say "Not installing it: it would change more than itself: $planned"
    elif apt_get "${private_lists[@]}" install -y --no-install-recommends libllhttp-dev; then
      status=0
    fi
  fi
  remove_as_root "$folder"
  return "$status"
}

# Leaves a safe llhttp installed, or lets CMake download the upstream release when it configures.
install_llhttp() {
  local build_folder=$1
  llhttp_is_installed && return
  # An earlier run had to fall back: CMake has its copy, and asking again would cost the network.
  [[ -d "$build_folder/_deps/llhttp-src" ]] && return
  require_root libllhttp-dev
  update_apt_lists
  if llhttp_is_a_candidate; then
    install_packages libllhttp-dev
  elif ! install_llhttp_from_debian_13; then
    say 'No package of llhttp 9.2.1 or newer: CMake will download the upstream release'
    install_packages ca-certificates
  fi
}

explain_manual_installation() {
  cat >&2 <<'EOF'
This system has no apt. prefork-server needs a C++20 compiler (g++ 12 or clang 14), CMake 3.25,
Ninja, Asio (stand-alone, 1.22), spdlog (with fmt), CLI11, toml++, nlohmann-json, and llhttp 9.2.1
(CMake downloads it if it is missing). The tests need GoogleTest with GoogleMock as well.
  Fedora:  dnf install gcc-c++ cmake ninja-build asio-devel spdlog-devel fmt-devel cli11-devel \
             tomlplusplus-devel json-devel llhttp-devel gtest-devel gmock-devel
  Arch:    pacman -S gcc cmake ninja asio spdlog fmt cli11 tomlplusplus nlohmann-json llhttp gtest
Then run this again.
EOF
}

# install_dependencies BUILD_FOLDER [PACKAGE...]: what the build needs, and the packages named.
install_dependencies() {
  local build_folder=$1
  shift
  if have_apt; then
    install_packages "${build_packages[@]}" "$@"
    install_llhttp "$build_folder"
    return
  fi
  # Somebody may have installed it all by hand; CMake will say which library is missing.
  local tool
  for tool in c++ cmake ninja; do
    if ! command -v "$tool" >/dev/null; then
      explain_manual_installation
      exit 1
    fi
  done
}

# configure SOURCE_FOLDER PRESET [CMAKE_OPTION...]: does nothing when it was done before with the
# same options; a build folder that came from another place is made anew.
configure() {
  local source_folder=$1 preset=$2
  shift 2
  local build_folder=$source_folder/build/$preset wanted="$source_folder $*"
  if [[ -f "$build_folder/build.ninja" && -f "$build_folder/.configured" ]] &&
    [[ "$(<"$build_folder/.configured")" == "$wanted" ]]; then
    return
  fi
  say "Configuring build/$preset"
  local fresh=()
  if [[ -f "$build_folder/CMakeCache.txt" ]] &&
    ! grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$source_folder" "$build_folder/CMakeCache.txt"; then
    fresh=(--fresh)
  fi
  if ! cmake "${fresh[@]}" -S "$source_folder" --preset "$preset" "$@" >&2; then
    have_apt || explain_manual_installation
    fail "CMake could not configure build/$preset (its reason is above)."
  fi
  printf '%s' "$wanted" >"$build_folder/.configured"
}
