# shellcheck shell=sh
# Debian packages that the lab needs, installed when they are missing.

# One in each line. The programs' own needs are listed beside them, in DEPENDS. Those of
# their tests, in DEPENDS.check and tests/DEPENDS, are added if $testing is set.
list_packages() {
	cat <<'LIST'
bc
bison
ccache
cpio
flex
gcc
gcc-multilib
kmod
libc6-dev
linux-source-6.12
lz4
make
perl
qemu-system-x86
quilt
rsync
shellcheck
sparse
spin
xz-utils
LIST
	for list in "$top"/tools/*/DEPENDS ${testing:+"$top"/tools/*/DEPENDS.check "$top/tests/DEPENDS"}; do
		[ ! -f "$list" ] || sed 's/#.*//' "$list"
	done
}

# A name without an architecture means the host's; for dpkg, it would mean any.
is_installed() {
	case $1 in
	*:*) installed_for=${1#*:} ;;
	*) installed_for=$(dpkg --print-architecture) ;;
	esac
	dpkg-query -W -f='${Architecture} ${db:Status-Status}\n' "$1" 2>/dev/null |
		grep -qx -e "$installed_for installed" -e 'all installed'
}

# The i386 busybox is only unpacked into build/, since installing it would
# remove the host's own.
busybox_i386=$build/busybox/bin/busybox

# i386 programs that tests run in vnodes, with their libraries, likewise.
guest_i386=$build/i386
guest_packages='ethtool libmnl0 libc6 tmux libevent-core-2.1-7 libtinfo6 libutempter0'

has_guest_packages() {
	[ -x "$busybox_i386" ] || return
	[ -z "${testing-}" ] ||
		{ [ -x "$guest_i386/sbin/ethtool" ] && [ -x "$guest_i386/usr/bin/tmux" ]; }
}

install_packages() {
	wanted=$(list_packages | tr -s '[:space:]' '\n' | sort -u)
	packages_key=$({
		echo "$wanted"
		stat -c %Y /var/lib/dpkg/status
	} | hash_text)
	if is_fresh "packages${testing:+-testing}" "$packages_key" && has_guest_packages; then
		return
	fi

	missing=
	for package in $wanted; do
		is_installed "$package" || missing="$missing $package"
	done
	foreign=
	[ "$(dpkg --print-architecture)" = i386 ] || dpkg --print-foreign-architectures | grep -qx i386 || foreign=1
	if [ -n "$missing$foreign" ] || ! has_guest_packages; then
		if [ -n "$foreign" ]; then
			say "adding the architecture i386 to dpkg"
			run_as_root dpkg --add-architecture i386
		fi
		if [ -n "$missing" ]; then
			say "installing Debian packages:$missing"
		fi
		step apt-update update_package_lists
		if [ -n "$missing" ]; then
			# shellcheck disable=SC2086 # a list
			step apt-install run_as_root env DEBIAN_FRONTEND=noninteractive \
				apt-get install -y --no-install-recommends $missing
		fi
		[ -x "$busybox_i386" ] || step busybox unpack_busybox
		has_guest_packages || step guest-packages unpack_guest_packages
	fi
	mark_fresh "packages${testing:+-testing}" "$({
		echo "$wanted"
		stat -c %Y /var/lib/dpkg/status
	} | hash_text)"
}

# A mirror may be in the middle of its own update. The old lists may be good enough; if not,
# apt-get install fails.
update_package_lists() {
	run_as_root apt-get update || run_as_root apt-get update ||
		echo "apt-get update failed; going on with the lists that are there"
}

unpack_busybox() {
	mkdir -p "$build/deb"
	(cd "$build/deb" && rm -f busybox-static_*.deb && apt-get download busybox-static:i386)
	rm -rf "$build/busybox"
	dpkg-deb -x "$build"/deb/busybox-static_*_i386.deb "$build/busybox"
}

unpack_guest_packages() {
	rm -rf "$guest_i386" "$build/deb/guest"
	mkdir -p "$build/deb/guest"
	for package in $guest_packages; do
		(cd "$build/deb/guest" && apt-get download "$package:i386")
	done
	for package in "$build"/deb/guest/*_i386.deb; do
		dpkg-deb -x "$package" "$guest_i386"
	done
}

# Programs that only tests need in a machine, with the libraries they are linked with, as an
# archive that a kernel can unpack after its initrd: build/stress.cpio. They are i386
# packages, which like busybox are only unpacked; of the libraries, only what the linker
# needs.
list_stress_packages() {
	cat <<'LIST'
linux-perf
stress-ng

libapparmor1
libaudit1
libbabeltrace1
libbsd0
libbz2-1.0
libc6
libcap-ng0
libcap2
libcrypt1
libdrm2
libdw1
libegl1
libelf1
libexpat1
libffi8
libgbm1
libgcc-s1
libgles2
libglib2.0-0
libglvnd0
libjpeg62-turbo
libjudydebian1
libkmod2
liblzma5
libmd0
libnuma1
libopencsd1
libpcre2-8-0
libperl5.36
libpython3.11
libsctp1
libslang2
libssl3
libstdc++6
libunwind8
libuuid1
libwayland-server0
libxxhash0
libzstd1
zlib1g
LIST
}

unpack_stress() {
	cd "$build" || return
	rm -rf deb/stress stress.packages stress.root
	mkdir -p deb/stress stress.packages stress.root/usr/bin stress.root/lib/i386-linux-gnu
	# shellcheck disable=SC2046 # a list
	(cd deb/stress && apt-get download $(list_stress_packages | sed 's/..*/&:i386/'))
	for package in deb/stress/*.deb; do
		dpkg-deb -x "$package" stress.packages
	done
	cp stress.packages/usr/bin/perf stress.packages/usr/bin/stress-ng stress.root/usr/bin/
	cp stress.packages/lib/ld-linux.so.2 stress.root/lib/
	copy_libraries
	pack stress.root >stress.cpio
	rm -rf stress.packages stress.root
}

# The libraries that the programs name, and the libraries that these name
copy_libraries() {
	while
		copied=
		for library in $(readelf -d stress.root/usr/bin/* stress.root/lib/i386-linux-gnu/* 2>/dev/null |
			sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | sort -u); do
			[ ! -e "stress.root/lib/i386-linux-gnu/$library" ] || continue
			cp "$(find stress.packages/lib stress.packages/usr/lib -path "*/i386-linux-gnu/$library")" \
				stress.root/lib/i386-linux-gnu/
			copied=1
		done
		[ -n "$copied" ]
	do
		:
	done
}

build_stress() {
	stress_key=$({
		list_stress_packages
		cat "$lab_d/packages.sh"
	} | hash_text)
	is_fresh stress "$stress_key" && [ -f "$build/stress.cpio" ] && return
	rm -f "$build/stamps/stress"
	step apt-update update_package_lists
	step stress unpack_stress
	mark_fresh stress "$stress_key"
}
