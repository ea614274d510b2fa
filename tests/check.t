#!/bin/sh
# The static checks of "tools/lab check".
# runs beside machines

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/lib.sh"

lab check >"$scratch/output" 2>&1
status=$?
while IFS= read -r line; do
	case $line in
	'lab: ok '*) pass "${line#lab: ok      }" ;;
	'lab: NOT OK '*) fail "${line#lab: NOT OK  }" || : ;;
	esac
done <"$scratch/output"
is "$status:$(tail -n 1 "$scratch/output")" '0:lab: all checks passed' 'nothing is found' ||
	diag "$(tail -n 60 "$scratch/output")"
done_testing
