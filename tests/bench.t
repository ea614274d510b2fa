#!/bin/sh
# Benchmarks: how bench/bench reads their lines, and that bench pipeline measures the same
# each time.

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/lib.sh"

# The table, with benchmarks that only print

tab=$(printf '\t')
mkdir -p "$scratch/bench"
cp "$top/bench/bench" "$scratch/bench/"

# benchmark NAME: reads its lines from standard input, where bars with blanks around them
# mean tabs; status 3 if the last line is "fail"
benchmark() {
	{
		printf '#!/bin/sh\n'
		sed "s/ *| */$tab/g; s/.*/echo '&'/; s/^echo 'fail'/exit 3/"
	} >"$scratch/bench/$1.sh"
	chmod +x "$scratch/bench/$1.sh"
}

# run_bench NAME: its outputs without the blanks that align them
run_bench() {
	output=$(LAB_BUILD=$scratch/build "$scratch/bench/bench" "$@" 2>"$scratch/errors")
	status=$?
	output=$(printf '%s\n' "$output" | sed 's/^ *//; s/  */ /g')
	errors=$(cat "$scratch/errors")
}

# value NAME FILTER: from the JSON
value() {
	jq -c "$2" "$scratch/build/bench/$1.json"
}

benchmark first <<'LINES'
one kernel | 12400 | files/s
two vnodes | 24800.0 | files/s
LINES
run_bench first
is "$status:$errors" 0: 'a benchmark whose first line is the baseline'
is "$output" 'first (files/s)
one kernel 12400.000 1.00
two vnodes 24800.000 2.00' 'its table'
is "$(value first .)" '{"name":"first","unit":"files/s","baseline":"one kernel","results":[{"case":"one kernel","value":12400,"ratio":1},{"case":"two vnodes","value":24800,"ratio":2}]}' 'its JSON'
ok 'its plot' grep -q '</svg>' "$scratch/build/bench/first.svg"

benchmark own <<'LINES'
a | 110 | instructions | 100 | 1.05
b | 10 | instructions | 11 | 1.05
geometric mean | | | | 1.01
.text | 2048 | bytes | 1024 | 1.03
all | 900 | bytes | 600
LINES
run_bench own
is "$status:$errors" 0: 'baselines of their own, and a goal that is missed'
is "$output" 'own (instructions)
baseline measured ratio
a 100.00 110.00 1.1000 goal 1.05 MISSED
b 11.00 10.00 0.9091 goal 1.05 met
geometric mean 1.0000 goal 1.01 met
maximum 1.1000 a
.text (bytes) 1024.00 2048.00 2.0000 goal 1.03 MISSED
all (bytes) 600.00 900.00 1.5000
goals: missed: a (1.1000 > 1.05), .text (2.0000 > 1.03)' 'their table; what comes after the mean is not in it'
is "$(value own '[.baseline, (.results[] | [.value, .baseline, .goal, .met])]')" \
	'[null,[110,100,1.05,false],[10,11,1.05,true],[null,null,1.01,true],[2048,1024,1.03,false],[900,600,null,null]]' 'their JSON'
ok 'their plot' grep -q '</svg>' "$scratch/build/bench/own.svg"

# wrong NAME STATUS ERROR WHAT
wrong() {
	run_bench "$1"
	is "$status:$errors" "$2:$3" "$4"
	ok 'and there is no JSON of it' test ! -e "$scratch/build/bench/$1.json"
}

benchmark none <<'LINES'
a | 100 | instructions | 100
b | none | instructions | 100
LINES
wrong none 1 'lab: bench: none: b could not be measured' 'a value that is no number'
benchmark baseline <<'LINES'
a | 100 | instructions | 0
LINES
wrong baseline 1 'lab: bench: baseline: a could not be measured' 'a baseline of nothing'
benchmark empty </dev/null
wrong empty 1 'lab: bench: empty: nothing was measured' 'no line at all'
benchmark broken <<'LINES'
a | 100 | instructions
fail
LINES
wrong broken 3 '' 'a benchmark that fails'
wrong nothing 2 'lab: bench: there is no bench/nothing.sh' 'no such benchmark'

# One that takes a number
cat >"$scratch/bench/nodes.sh" <<'NODES'
#!/bin/sh
printf '%s vnodes\t1\tus\n' "$1"
NODES
chmod +x "$scratch/bench/nodes.sh"
run_bench net --nodes 4
is "$status:$errors:$(value nodes '.results[0].case')" '0::"4 vnodes"' 'bench net --nodes 4'
for number in '' 1 17 x; do
	# shellcheck disable=SC2086 # may be none
	run_bench net --nodes $number
	is "$status:$errors" '2:lab: bench: net --nodes: a number of vnodes is missing, 2 to 16' "bench net --nodes $number"
done

# bench pipeline, with a lab that only prints

mkdir -p "$scratch/tools" "$scratch/build/kernel" "$scratch/build/kernel-plain"
cp "$top/bench/pipeline.sh" "$top/bench/pipeline.c" "$scratch/bench/"
cat >"$scratch/tools/lab" <<'LAB'
#!/bin/sh
case " $* " in
*' --plain '*) cat "${0%/tools/lab}/plain" ;;
*) cat "${0%/tools/lab}/patched" ;;
esac
LAB
chmod +x "$scratch/tools/lab"
echo '.skip 1000' | gcc -m32 -c -x assembler - -o "$scratch/build/kernel-plain/vmlinux"
echo '.skip 1020; .section .init.text, "ax"; .skip 80; .data; .skip 500' |
	gcc -m32 -c -x assembler - -o "$scratch/build/kernel/vmlinux"
printf 'read\t100.00\tinstructions\nwrite\t200.00\tinstructions\n' >"$scratch/plain"
printf 'read\t102.00\tinstructions\nwrite\t200.00\tinstructions\n' >"$scratch/patched"
run_bench pipeline
is "$status:$errors" 0: 'bench pipeline'
is "$output" 'pipeline (instructions)
baseline measured ratio
read 100.00 102.00 1.0200 goal 1.05 met
write 200.00 200.00 1.0000 goal 1.05 met
geometric mean 1.0100 goal 1.01 met
maximum 1.0200 read
kernel, .text (bytes) 1000.00 1020.00 1.0200 goal 1.03 met
kernel, all executable sections (bytes) 1000.00 1100.00 1.1000
goals: all met' 'compares the patched kernel with the plain one'

rm "$scratch/build/bench/pipeline.json"
printf 'read\t102.00\tinstructions\n' >"$scratch/patched"
wrong pipeline 1 'lab: bench: pipeline: write could not be measured' 'a case that only the plain kernel has'
printf 'read\t102.00\tinstructions\nwrite\t200.00\tTSC cycles\n' >"$scratch/patched"
wrong pipeline 1 'lab: bench: pipeline: write could not be measured' 'a case that was measured in another unit'
cp "$scratch/plain" "$scratch/patched"
rm "$scratch/build/kernel/vmlinux"
run_bench pipeline
is "$status" 1 'no kernel'

# The program

gcc -m32 -static -O2 -Wall -Wextra -D_FILE_OFFSET_BITS=64 -o "$scratch/pipeline" "$top/bench/pipeline.c"
is $? 0 'the program compiles'

# pipeline_in_guest [CASE…]: in the cases' order, as the machine does it
pipeline_in_guest() {
	# shellcheck disable=SC2016 # for another shell
	lab_exec --icount --no-vnode --cpus 1 --share "$scratch" -- sh -c 'cp /mnt/host/pipeline /tmp/ && exec /tmp/pipeline -b 101 "$@"' sh "$@"
}

pipeline_in_guest
is "$status:$errors" 0: 'it measures'
is "$(printf '%s\n' "$output" | cut -f 1,3 | tr '\t\n' '=,')" 'null system call=instructions,read=instructions,write=instructions,pipe round trip=instructions,context switch=instructions,fork+exit=instructions,fork+exec=instructions,mmap/munmap=instructions,page fault=instructions,signal=instructions,TCP round trip=instructions,timer interrupt=instructions,' 'every case, in instructions'
printf '%s\n' "$output" >"$scratch/before"
pipeline_in_guest
printf '%s\n' "$output" >"$scratch/after"
# These are instructions, not durations: they do not depend on the machine.
is "$(paste "$scratch/before" "$scratch/after" | awk -F '\t' '
	{ ratio = $2 / $5 }
	ratio < 0.99 || ratio > 1.01 { print $1 ": " $2 " and " $5 }')" '' 'it measures the same again'

pipeline_in_guest 'no such case'
is "$status:$errors" "2:pipeline: there is no case 'no such case'" 'a case that does not exist'
# shellcheck disable=SC2016 # for another shell
lab_exec --icount --no-vnode --cpus 1 --share "$scratch" -- sh -c 'ulimit -n 3; exec /mnt/host/pipeline read'
is "$status:$errors" '1:pipeline: read: /dev/zero: Too many open files' 'a case that cannot be measured'

done_testing
