# shellcheck shell=sh
# Root and vnode under load at once, on the debug kernel.

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/${lib_path:-.}/lib.sh"

# stress NUMBER SECONDS TIMEOUT: that many stressors of each class, and again until
# so many seconds have passed.
# stress-ng and perf are what tools/lab test gets for "# needs: stress".
stress() {
	mkdir "$scratch/share"
	cp "$guest_share"/lib.sh "$guest_share"/stress* "$build/stress.cpio" "$scratch/share/"
	guest_share=$scratch/share
	# On a machine shared with others, 21 seconds are not much.  And pages of modules stay
	# writable: where a large page is split to make some read-only, DEBUG_VIRTUAL, which
	# looks into the page tables without a lock, may take the one for the other.
	guest_test --append rcupdate.rcu_cpu_stall_timeout=120 --append rodata=off --debug --cpus 4 --root-cpus 0,1 --memory 2G --root-memory 512M --timeout "$3" stress.sh "$1" "$2"
}
