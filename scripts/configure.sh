# shellcheck shell=bash
# Sourced by the other scripts, after deps.sh, with the checkout as current directory.

# What the caller builds other things with is not for this build.
unset CFLAGS CXXFLAGS CPPFLAGS LDFLAGS MAKEFLAGS DESTDIR PKG_CONFIG_PATH

cxx_of() {
	case $1 in
	gcc) echo g++ ;;
	clang) echo clang++ ;;
	esac
}

# configure DIR COMPILER OPTION...: sets DIR up once, and anew when the options, the compiler or the checkout's place changed.
# A build directory that somebody set up by hand is used as it is.
configure() {
	local dir=$1 compiler=$2 stamp
	shift 2
	stamp="$PWD $("$compiler" --version | head -n 1) $*"
	if [ -e "$dir/build.ninja" ]; then
		[ ! -e "$dir/configured" ] || [ "$(cat "$dir/configured")" = "$stamp" ] && return
	fi
	rm -rf "$dir"
	mkdir "$dir" || return
	CC=$compiler CXX=$(cxx_of "$compiler") "$MESON" setup "$dir" "$@" >"$dir/configure.log" 2>&1 </dev/null || { cat "$dir/configure.log" >&2 && return 1; }
	echo "$stamp" >"$dir/configured"
}
