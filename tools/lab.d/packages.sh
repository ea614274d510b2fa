# shellcheck shell=sh
# Debian packages that the lab needs, installed when they are missing.

# One a line; the programs' own needs are listed beside them, in DEPENDS, and
# those of their tests, in DEPENDS.check, count if $testing is set.
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
	for list in "$top"/tools/*/DEPENDS ${testing:+"$top"/tools/*/DEPENDS.check}; do
		[ ! -f "$list" ] || sed 's/#.*//' "$list"
	done
}

is_installed() {
	[ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# The i386 busybox is only unpacked into build/, since installing it would
# remove the host's own.
busybox_i386=$build/busybox/bin/busybox

install_packages() {
	wanted=$(list_packages | tr -s '[:space:]' '\n' | sort -u)
	packages_key=$({
		echo "$wanted"
		stat -c %Y /var/lib/dpkg/status
	} | hash_text)
	if is_fresh "packages${testing:+-testing}" "$packages_key" && [ -x "$busybox_i386" ]; then
		return
	fi

	missing=
	for package in $wanted; do
		is_installed "$package" || missing="$missing $package"
	done
	foreign=
	[ "$(dpkg --print-architecture)" = i386 ] || dpkg --print-foreign-architectures | grep -qx i386 || foreign=1
	if [ -n "$missing$foreign" ] || [ ! -x "$busybox_i386" ]; then
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
	fi
	mark_fresh "packages${testing:+-testing}" "$({
		echo "$wanted"
		stat -c %Y /var/lib/dpkg/status
	} | hash_text)"
}

# A mirror in the middle of its own update is no reason to give up: the lists
# of last time may do, and apt-get install will tell.
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
