#!/usr/bin/env bash
# What a job needs from the system: checks by presence (well under a second), installs what is missing with apt.
#
#   scripts/deps.sh JOB...          JOB is demo, test, matrix, bench or coverage
#   . scripts/deps.sh               defines need JOB..., and MESON, the Meson to use
#
# As root or with passwordless sudo it installs; otherwise it prints the one line to run and stops with status 2.
# Adding a package: one line in `packages`, with the jobs that need it.

# package             check                               jobs
packages='
gcc                   command:gcc                         demo test matrix bench
libc6-dev             file:/usr/include/stdio.h           demo test matrix bench
meson                 file:/usr/bin/meson                 demo test matrix bench
ninja-build           command:ninja                       demo test matrix bench
pkg-config            command:pkg-config                  demo test matrix bench
libdw-dev             file:/usr/include/elfutils/libdwfl.h  demo test matrix bench
libcmocka-dev         file:/usr/include/cmocka.h          test matrix
python3               file:/usr/bin/python3               test matrix bench
gcovr                 command:gcovr                       coverage
xz-utils              command:xz                          test matrix
g++                   command:g++                         test matrix
scdoc                 command:scdoc                       test matrix
clang                 command:clang                       matrix
libclang-rt-dev       clang-runtime                       matrix
valgrind              command:valgrind                    test matrix bench
'

# What a job can do without: a test that misses it is skipped, and says so.
optional='
linux-source-6.1      file:/usr/src/linux-source-6.1.tar.xz  test matrix
linux-source-6.12     file:/usr/src/linux-source-6.12.tar.xz  test matrix
gdb                   command:gdb                         test matrix
abigail-tools         command:abidiff                     test matrix
'

# The distribution's Meson runs on the distribution's Python, whatever another Python first in PATH has or lacks.
pick_meson() {
	local candidate
	for candidate in /usr/bin/meson "$(command -v meson)"; do
		[ -x "$candidate" ] || continue
		MESON=$candidate
		[ "$(printf '%s\n' 1.0.1 "$("$MESON" --version 2>/dev/null)" | sort -V | head -n 1)" = 1.0.1 ] && return
	done
	return 1
}

is_present() {
	case $1 in
	command:*) command -v "${1#command:}" >/dev/null 2>&1 ;;
	file:*) [ -e "${1#file:}" ] ;;
	clang-runtime) [ -n "$(find "$(clang -print-resource-dir 2>/dev/null)" -name 'libclang_rt.fuzzer-*.a' 2>/dev/null)" ] ;;
	esac
}

# missing_packages TABLE JOB...
missing_packages() {
	local package check jobs wanted table=$1
	shift
	wanted=" $(printf '%s|' "$@") "
	while read -r package check jobs; do
		[[ $jobs =~ (^| )(${wanted// /}none)( |$) ]] || continue
		is_present "$check" || echo "$package"
	done <<<"$table"
}

install_packages() {
	local as_root=() log
	if [ "$(id -u)" != 0 ]; then
		sudo -n true 2>/dev/null || return 2
		as_root=(sudo -n)
	fi
	command -v apt-get >/dev/null 2>&1 || return 2
	echo "installing: $*" >&2
	log=$(mktemp)
	"${as_root[@]}" apt-get -qq update >"$log" 2>&1 </dev/null
	if ! "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=120 -o Acquire::Retries=3 \
		install -y --no-install-recommends "$@" >>"$log" 2>&1 </dev/null; then
		cat "$log" >&2
		rm -f "$log"
		return 1
	fi
	rm -f "$log"
}

# need JOB...: ends the calling script when something is missing and cannot be installed.
need() {
	local missing status=0
	missing=$(missing_packages "$optional" "$@" | tr '\n' ' ')
	# shellcheck disable=SC2086
	[ -z "$missing" ] || install_packages $missing || echo "not there, and can be done without: $missing" >&2
	missing=$(missing_packages "$packages" "$@" | tr '\n' ' ')
	if [ -n "$missing" ]; then
		# One word per package.
		# shellcheck disable=SC2086
		install_packages $missing || status=$?
		case $status in
		0) ;;
		2) echo "run first: sudo apt-get update && sudo apt-get install -y --no-install-recommends $missing" >&2 && exit 2 ;;
		*) echo "apt-get could not install: $missing" >&2 && exit 2 ;;
		esac
		hash -r
	fi
	if ! pick_meson; then
		echo "Meson 1.0.1 or newer is needed, found ${MESON:-none}; install the package meson of Debian 12 or later" >&2
		exit 2
	fi
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
	case $* in
	'' | -*) sed -n '2,8s/^# \{0,1\}//p' "$0" >&2 && exit 2 ;;
	esac
	need "$@"
fi
