# shellcheck shell=sh
# Stock Debian software on four kernels, from node0.
# shellcheck source=tests/guest/lib.sh
. ./lib.sh
# The cluster has its own, in /etc/vnode.
unset VNODE_CONF_DIR

work=/home/work
mkdir -p $work
cd $work || exit

# on ID COMMAND: in that vnode, by ssh
on() {
	on_id=$1
	shift
	ssh -o BatchMode=yes -o ConnectTimeout=60 "node$on_id" "$*" </dev/null
}

# sends FROM TO: 16 MiB of random bytes by ssh, there and back
sends() {
	on "$1" "head -c 16M /dev/urandom >/tmp/sent && ssh node$2 'cat >/tmp/got; cat /tmp/got' </tmp/sent | cmp - /tmp/sent"
}

daemons() {
	pidof sshd munged slurmctld nfsdcld rpc.mountd | tr -d '\n'
	for daemons_id in 1 2 3; do
		on $daemons_id 'pidof munged slurmd'
	done
}

# File systems
is "$(vnode list | grep -c ' running ')" 4 'four kernels run'
for id in 1 2 3; do
	like "$(on $id 'cat /proc/cmdline')" "vnode=$id( |\$)" "node$id is vnode $id"
	like "$(on $id 'cat /proc/mounts')" '^10\.0\.0\.100:/image /run/root/lower nfs4 ro,' "node$id: the image comes by NFS"
	like "$(on $id 'cat /proc/mounts')" '^root / overlay rw,.*lowerdir=/run/root/lower' "node$id: it is the root file system"
done
like "$(on 1 'dpkg --verify coreutils libc6 dpkg && echo verified')" \
	'^verified$' 'files that come by NFS are those of their packages'
on 1 'echo mine >/etc/only-here'
on 1 'hostname >/home/everywhere'
is "$(on 2 'cat /etc/only-here /home/everywhere' 2>/dev/null)" node1 'what a vnode writes is its own, except in /home'
echo 0 >$work/counter
for id in 1 2 3; do
	on $id "i=0; while [ \$i -lt 10 ]; do i=\$((i + 1))
		flock $work/lock sh -c 'n=\$(cat $work/counter); echo \$((n + 1)) >$work/counter'; done" &
	counting="${counting-} $!"
done
# shellcheck disable=SC2086 # a list
wait $counting
is "$(cat $work/counter)" 30 'locks in /home hold between vnodes'

# ssh
for a in 0 1 2 3; do
	for b in 0 1 2 3; do
		[ $a = $b ] || is "$(on $a "ssh -o BatchMode=yes node$b hostname")" node$b "ssh from node$a to node$b"
	done
done
ok 'much data from node0 to node1' sends 0 1
ok 'and from node2 to node3' sends 2 3
on 3 'exit 7'
is $? 7 'the exit status comes back'

# iperf3: a server for each client, because a server serves one at a time
for id in 0 1 2 3; do
	# shellcheck disable=SC2016 # for that shell
	on $id 'for port in 5200 5201 5202 5203; do iperf3 -s -D -p $port; done'
done

# iperf FROM TO WORD…: bytes were transferred, and datagrams arrived in order
iperf() {
	iperf_from=$1 iperf_to=$2
	shift 2
	iperf_out=$work/iperf-$iperf_from-$iperf_to
	on "$iperf_from" "iperf3 -J -t 5 -c node$iperf_to -p $((5200 + iperf_from)) $*" >"$iperf_out" || return
	! grep -q '"out_of_order":[[:space:]]*[1-9]' "$iperf_out" || return
	received "$iperf_from" "$iperf_to" bytes | awk '{ if ($1 == 0) bad = 1 } END { exit bad || !NR }'
}

# received FROM TO WORD: the sum that was received, for each direction
received() {
	sed -n '/"sum_received/,/}/s/.*"'"$3"'":[[:space:]]*\([0-9]*\).*/\1/p' "$work/iperf-$1-$2"
}

mbits() {
	received "$1" "$2" bits_per_second | awk '{ printf "%d Mbit/s ", $1 / 1e6 }'
}

ok 'iperf3, node1 to node2' iperf 1 2
diag "$(mbits 1 2)"
ok 'iperf3, back' iperf 1 2 -R
diag "$(mbits 1 2)"
ok 'iperf3, both ways at once' iperf 0 3 --bidir
diag "$(mbits 0 3)"
ok 'iperf3, 24 streams' iperf 2 3 -P 24
diag "$(mbits 2 3)"
ok 'iperf3, datagrams both ways' iperf 3 1 -u -b 50M --bidir
diag "$(mbits 3 1) lost: $(received 3 1 lost_percent | tr '\n' ' ')%"
# iperf_all WORD…: between all pairs at once; says which failed
iperf_all() {
	iperf_running=
	for a in 0 1 2 3; do
		for b in 0 1 2 3; do
			[ $a = $b ] || {
				iperf $a $b "$@" || echo "$a $b" &
				iperf_running="$iperf_running $!"
			}
		done
	done
	# shellcheck disable=SC2086 # a list
	wait $iperf_running
}
is "$(iperf_all -u -b 10M)" '' 'datagrams between all pairs at once'
is "$(iperf_all)" '' 'iperf3 between all pairs at once'
diag "$(for a in 0 1 2 3; do for b in 0 1 2 3; do [ $a = $b ] || mbits $a $b; done; done)"

# tcpdump
on 1 'timeout 120 tcpdump -U -n -i vnet0 -c 4 -w /tmp/dump icmp >/tmp/dump.log 2>&1 &'
listens() { on 1 'grep -q "listening on vnet0" /tmp/dump.log'; }
ok 'tcpdump listens' await listens
on 2 'ping -c 2 -q node1' >/dev/null
dumped() { on 1 'grep -q "4 packets captured" /tmp/dump.log'; }
ok 'it has seen enough' await dumped
dump=$(on 1 'tcpdump -n -r /tmp/dump 2>/dev/null')
is "$(printf '%s\n' "$dump" | grep -c 'IP 10\.0\.0\.102 > 10\.0\.0\.101: ICMP echo request')" 2 'two pings'
is "$(printf '%s\n' "$dump" | grep -c 'IP 10\.0\.0\.101 > 10\.0\.0\.102: ICMP echo reply')" 2 'and two answers'

# apt
is "$(on 2 'command -v hello')" '' 'a package is not installed'
ok 'apt installs it on node2' on 2 'apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -q -y install hello'
is "$(on 2 hello)" 'Hello, world!' 'it works'
is "$(on 1 'command -v hello')$(command -v hello)" '' 'there, and nowhere else'
ok 'apt removes it' on 2 'DEBIAN_FRONTEND=noninteractive apt-get -q -y remove hello'
is "$(on 2 'command -v hello')" '' 'it is gone'

# MPICH
is "$(sort -u /home/hosts | tr '\n' ' ')" 'node1 node2 node3 ' 'the hosts for MPI'
mpi=/usr/local/lib/mpich
ok 'mpicc compiles an example of MPICH on node1' on 1 "mpicc.mpich -O -o $work/cpi $mpi/cpi.c -lm"
cpi=$(mpiexec.mpich -n 3 $work/cpi 2>&1)
for id in 1 2 3; do
	like "$cpi" "^Process [0-2] of 3 is on node$id\$" "cpi runs on node$id"
done
like "$cpi" '^pi is approximately 3\.14159265[0-9]*, Error is 0\.00000000' 'and finds pi'

# mpich_tests FOLDER: those of MPICH's tests for up to four processes that take no arguments
mpich_tests() {
	mpich_bad='' mpich_good=0
	mpich_list=$(awk 'NF == 2 && $2 <= 4 && !/^#/ { print $1 ":" $2 }' "$mpi/$1/testlist" | sort -u)
	for mpich_test in $mpich_list; do
		[ -x "$mpi/$1/${mpich_test%:*}" ] || continue
		if mpich_output=$(timeout 300 mpiexec.mpich -n "${mpich_test#*:}" "$mpi/$1/${mpich_test%:*}" 2>&1) &&
			[ "$mpich_output" = ' No Errors' ]; then
			mpich_good=$((mpich_good + 1))
		else
			mpich_bad="$mpich_bad $1/$mpich_test"
			diag "$1/$mpich_test: $mpich_output"
		fi
	done
	is "$mpich_bad" '' "MPICH's own tests, $1"
	diag "$mpich_good tests of $1"
	[ "$mpich_good" -ge 10 ] || fail "there are enough tests in $1"
}
mpich_tests pt2pt
mpich_tests coll

# HPCC, with a small problem, and all its checks
mkdir -p $work/hpcc
(
	cd $work/hpcc || exit
	sed -e '6s/^[0-9]* /400 /' -e '11s/^[0-9]* /1 /' -e '12s/^[0-9]* /3 /' \
		/usr/share/doc/hpcc/examples/_hpccinf.txt >hpccinf.txt
	mpirun.openmpi -n 3 hpcc
) >$work/hpcc.log 2>&1
is $? 0 'HPCC runs on three vnodes' || diag "$(tail -n 20 $work/hpcc.log)"
hpcc=$(cat $work/hpcc/hpccoutf.txt)
like "$hpcc" '^Success=1$' 'it is content with all of its results'
like "$hpcc" '^ *1 tests completed and passed residual checks' 'HPL: the residual'
like "$hpcc" '^CommWorldProcs=3$' 'it was one run of three'
diag "$(printf '%s\n' "$hpcc" | grep -E '^(HPL_Tflops|PTRANS_GBs|MPIRandomAccess_GUPs|MaxPingPongLatency_usec|MaxPingPongBandwidth_GBytes|MPIFFT_Gflops)=')"

# Slurm
idle() {
	[ "$(sinfo -h -N -t idle -o %N | sort -u | tr '\n' ' ')" = "$1" ]
}
ok 'Slurm has three nodes' await idle 'node1 node2 node3 '
is "$(srun -N 3 hostname 2>&1 | sort | tr '\n' ' ')" 'node1 node2 node3 ' 'srun on all of them'

cat >$work/array.sh <<'JOB'
#!/bin/sh
echo "task $SLURM_ARRAY_TASK_ID on $(hostname)"
sleep 2
JOB
# job_array TASKS NODES: all tasks end well, with their output, and each node had some
job_array() {
	rm -f $work/array-*
	job=$(sbatch --parsable --array="1-$1" -o "$work/array-%a.out" $work/array.sh)
	job_ended() { [ -z "$(squeue -h -j "$job" 2>/dev/null)" ]; }
	ok "a job array of $1 tasks ends" await job_ended
	is "$(scontrol -o show job "$job" | grep -c 'JobState=COMPLETED .*ExitCode=0:0')" "$1" 'all its tasks are completed'
	is "$(cat $work/array-*.out | cut -d ' ' -f 2 | sort -n | tr '\n' ' ')" "$(seq "$1" | tr '\n' ' ')" 'each has left its output'
	is "$(cat $work/array-*.out | cut -d ' ' -f 4 | sort -u | tr '\n' ' ')" "$2" 'all vnodes had a part in it'
}
job_array 12 'node1 node2 node3 '
like "$(salloc -N 3 mpiexec.mpich $work/cpi 2>&1)" '^pi is approximately 3\.14159265' 'MPICH in an allocation of Slurm'

# Another vnode
before=$(daemons)
ok 'node4 is started' vnode start --timeout 300 node4
ok 'it joins' await grep -qx node4 /home/hosts
is "$(on 4 hostname)" node4 'ssh'
is "$(on 1 'ssh -o BatchMode=yes node4 hostname')" node4 'from another vnode, too'
cpi=$(mpiexec.mpich -n 4 $work/cpi 2>&1)
like "$cpi" '^Process [0-3] of 4 is on node4$' 'MPI has it'
like "$cpi" '^pi is approximately 3\.14159265' 'and finds pi'
ok 'Slurm has it' await idle 'node1 node2 node3 node4 '
job_array 16 'node1 node2 node3 node4 '
is "$(daemons)" "$before" 'no daemon was restarted'
is "$(vnode exec 4 -- hostname)" node4 'vnode exec reaches it, too'
like "$(vnode console 4 </dev/null 2>&1 | grep -m 1 'Linux version ')" 'Linux version ' 'and vnode console shows it'

# One that dies
ok 'node2 is killed' vnode kill 2
ok 'a group is joined by hand' ip maddr add 33:33:00:00:12:34 dev vnet0
not_host() { ! grep -qx node2 /home/hosts; }
ok 'it is no host any more' await not_host
is "$(mpiexec.mpich -n 3 hostname 2>&1 | sort -u | grep -c '^node[134]$')" 3 'so MPI goes on with the others'
ok 'Slurm goes on with the others' srun -w node1,node3,node4 true
is "$(on 1 'ssh -o BatchMode=yes node3 hostname')" node3 'so does ssh'
ok 'it is started again' vnode start --timeout 300 node2
on_2() { on 2 true; }
ok 'it joins' await on_2
ok 'Slurm has it' await idle 'node1 node2 node3 node4 '
is "$(on 2 'cat /etc/only-here' 2>/dev/null; srun -N 4 hostname 2>&1 | sort | tr '\n' ' ')" 'node1 node2 node3 node4 ' 'and uses it'

for id in 1 2 3 4; do
	no_splat $id "vnode $id has nothing to complain about"
done
