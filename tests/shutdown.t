#!/bin/sh
# When the root shuts down, it stops its vnodes first, but not with -f.

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/lib.sh"

# ends COMMAND: how and in which order two vnodes end when the root runs COMMAND
ends() {
	# shellcheck disable=SC2016 # text for another shell
	lab_exec -- sh -c 'vnode start node1 node2 && $1 && sleep 100000' sh "$1"
	printf '%s\n' "$console" |
		sed -nE 's/.*(vnode [12]: (stopping|stopped)|reboot: (Power down|Restarting system))$/\1/p'
}
ends=$(ends poweroff)
is "$(printf '%s\n' "$ends" | head -n 2)" 'vnode 1: stopping
vnode 2: stopping' 'poweroff asks all vnodes to stop, at the same time'
is "$(printf '%s\n' "$ends" | sed -n 3,4p | sort)" 'vnode 1: stopped
vnode 2: stopped' 'waits until they have'
is "$(printf '%s\n' "$ends" | sed -n '5,$p')" 'reboot: Power down' 'and powers off'
is "$(ends reboot | sort)" 'reboot: Restarting system
vnode 1: stopped
vnode 1: stopping
vnode 2: stopped
vnode 2: stopping' 'reboot does so, too'
is "$(ends 'reboot -f')" 'reboot: Restarting system' 'reboot -f does not wait for vnodes'
is "$(ends 'poweroff -f')" 'reboot: Power down' 'nor does poweroff -f'
done_testing
