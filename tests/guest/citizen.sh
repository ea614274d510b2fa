# shellcheck shell=sh
# Messages of citizens (tests/kmod/citizen.c), in the root's log and those of vnodes.

# says ID: the messages of the citizen there
says() {
	if [ "$1" -eq 0 ]; then dmesg; else vnode log "$1"; fi | grep -a 'citizen:'
}

# round ID: the last one
round() {
	says "$1" | sed -n 's/.*round \([0-9]*\) .*/\1/p' | tail -n 1
}

# meets MASK SINCE ID: the citizen of ID has met all of MASK, in a round that began later
meets() {
	tries=0
	until says "$3" | awk -v since="$2" -v mask="$1," '
		!sub(/.*round /, "") { next }
		$1 + 0 > since + 1 && $3 == mask { found = 1 }
		END { exit !found }
	'; do
		tries=$((tries + 1))
		[ $tries -lt 240 ] || {
			says "$3" | tail -n 3
			return 1
		}
		sleep 0.5
	done
}

# things ID: how much its citizen has done
things() {
	says "$1" | sed -n 's/.*citizen: did \([0-9]*\) .*/\1/p' | tail -n 1
}

# goes_on ID: its citizen still works, with or without success
goes_on() {
	now=$(things "$1") tries=0
	until [ "$(things "$1")" -gt "${now:-0}" ]; do
		tries=$((tries + 1))
		[ $tries -lt 600 ] || return 1
		sleep 0.5
	done
}

# nothing_left: the last bridge is gone, some time after its last user has closed it
nothing_left() {
	tries=0
	until [ -z "$(ls /sys/kernel/adeos/bridges)" ]; do
		tries=$((tries + 1))
		[ $tries -lt 300 ] || {
			grep -r . /sys/kernel/adeos/bridges
			return 1
		}
		sleep 0.1
	done
}
