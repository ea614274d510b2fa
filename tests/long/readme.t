#!/bin/sh
# README.md, "Use it with your own kernel": runs all of its commands, unchanged, in a home
# directory where this is ~/adeos, and compares what they print in the machine.

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

# The objects of an earlier run are in the compiler's cache.
PATH=/usr/lib/ccache:$PATH
CCACHE_DIR=$(ccache --get-config cache_dir)
export CCACHE_DIR
home=$build/readme
rm -rf "$home"
mkdir -p "$home"
ln -s "$top" "$home/adeos"

# The indented lines; continued ones are joined
sed -n '/^## Use it with your own kernel/,/^## Where/p' "$top/README.md" |
	sed -n '/^    /{ :a; /\\$/{ N; s/\\\n */ /; ba; }; s/^    //; p; }' >"$scratch/lines"
sed -n '/^\$ qemu/q; s/^# //p' "$scratch/lines" >"$scratch/packages"
sed -n '/^\$ qemu/q; s/^\$ //p' "$scratch/lines" >"$scratch/commands"
sed -n 's/^\$ \(qemu.*\)/\1/p' "$scratch/lines" >"$scratch/machine"
sed '1,/^\$ qemu/d' "$scratch/lines" >"$scratch/transcript"
is "$(wc -l <"$scratch/machine")" 1 'README has one command that starts a machine'

as_root() {
	if [ "$(id -u)" -eq 0 ]; then sh -c "$1"; else sudo sh -c "$1"; fi
}
while IFS= read -r line; do
	yes | as_root "$line" >"$scratch/log" 2>&1
	status=$?
	case $line in
	*'apt-get update')
		# A mirror may be in the middle of its own update; the installation will show that.
		[ $status -eq 0 ] || diag "$line: $(tail -n 3 "$scratch/log")"
		;;
	*)
		report $status "# $line" || diag "$(tail -n 20 "$scratch/log")"
		;;
	esac
done <"$scratch/packages"

# In one shell, which ends at the first failure
cat >"$scratch/shell" <<'SHELL'
set -e
cd
while IFS= read -r line <&3; do
	echo "$line" >>"$1"
	eval "$line" </dev/null 3<&-
done 3<"$2"
SHELL
: >"$scratch/done"
HOME=$home sh "$scratch/shell" "$scratch/done" "$scratch/commands" >"$build/log/readme.log" 2>&1
is "$?:$(cat "$scratch/done")" "0:$(cat "$scratch/commands")" 'every command succeeds' || {
	diag "$(grep -m 20 -e 'error:' -e '\*\*\*' "$build/log/readme.log"; tail -n 20 "$build/log/readme.log")"
	done_testing
}

# What the machine prints, without what is for a terminal
screen() {
	tr -d '\r' <"$scratch/screen" | sed 's/\x1b\[[0-9;?]*[A-Za-z]//g; s/\x1bc//g'
}

# await_prompts N: waits until it has shown N, for ten minutes at most
await_prompts() {
	for _ in $(seq 3000); do
		[ "$(screen | grep -c '^# ')" -lt "$1" ] || return 0
		sleep 0.2
	done
	return 1
}

mkfifo "$scratch/keys"
(cd "$home/vnodes" && exec timeout 1800 sh -c "exec $(cat "$scratch/machine")") <"$scratch/keys" >"$scratch/screen" 2>&1 &
machine=$!
exec 4>"$scratch/keys"
prompts=0
sed -n 's/^# //p' "$scratch/transcript" >"$scratch/typed"
while IFS= read -r line; do
	prompts=$((prompts + 1))
	await_prompts $prompts || break
	printf '%s\n' "$line" >&4
done <"$scratch/typed"
wait $machine
is $? 0 'the machine powers off'
exec 4>&-
is "$(screen | sed -n '/^# /,$p' | sed '/^# poweroff/q')" "$(cat "$scratch/transcript")" \
	'the machine prints what README shows' || diag "$(screen)"
no_splat "$(screen)" 'and nothing that it has to complain about'
rm -rf "$home"
done_testing
