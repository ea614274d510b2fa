#!/bin/sh
# A login over vnode console, at a terminal that keeps a screen: tmux.

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/lib.sh"

# tmux and what it needs, for the root
# shellcheck disable=SC2317 # ok calls it
pack_tmux() {
	mkdir -p "$guest_share/tmux/lib/terminfo/s" "$guest_share/tmux/bin" \
		"$guest_share/tmux/usr/lib/locale/C.utf8" &&
		cp -L "$build/i386/usr/bin/tmux" "$guest_share/tmux/bin/" &&
		cp -L /lib/terminfo/s/screen "$guest_share/tmux/lib/terminfo/s/" &&
		cp -L /usr/lib/locale/C.utf8/LC_CTYPE "$guest_share/tmux/usr/lib/locale/C.utf8/" &&
		(cd "$build/i386" && cp -L lib/ld-linux.so.2 lib/i386-linux-gnu/libc.so.6 \
			lib/i386-linux-gnu/libm.so.6 lib/i386-linux-gnu/libresolv.so.2 \
			lib/i386-linux-gnu/libtinfo.so.6 usr/lib/i386-linux-gnu/libutempter.so.0 \
			usr/lib/i386-linux-gnu/libevent_core-2.1.so.7 "$guest_share/tmux/lib/")
}

# A vnode as an administrator would set it up: a getty, and root has a password.
# shellcheck disable=SC2317 # ok calls it
pack_vnode() {
	mkdir -p "$scratch/extra/lab" "$scratch/extra/etc" &&
		cat >"$scratch/extra/lab/console" <<-'CONSOLE' &&
		#!/bin/sh
		while :; do
			[ ! -c /dev/ttyV0 ] || getty 0 ttyV0 screen
			sleep 1
		done
		CONSOLE
		chmod +x "$scratch/extra/lab/console" &&
		sed "s,^root:x:,root:$(perl -e 'print crypt("secret", q($6$salt))'):," \
			"$top/tools/lab.d/rootfs/etc/passwd" >"$scratch/extra/etc/passwd" &&
		(cd "$scratch/extra" && find . | cpio -o -H newc --quiet >"$scratch/extra.cpio") &&
		lz4 -l -c -q "$scratch/extra.cpio" >"$guest_share/extra.lz4"
}

guest_share=$scratch/share
cp -R "$top/tests/guest" "$guest_share"
ok 'what the root needs is there' pack_tmux
ok 'and what the vnode does' pack_vnode
guest_test --cpus 3 --timeout 900 login.sh
done_testing
