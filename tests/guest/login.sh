# shellcheck shell=sh
# A login over vnode console, at a terminal that keeps a screen: tmux.
# shellcheck source=tests/guest/lib.sh
. ./lib.sh

cp -R /mnt/host/tmux/. /
chmod +x /bin/tmux /lib/ld-linux.so.2
cat /boot/initrd.img /mnt/host/extra.lz4 >/tmp/vnode.img
node 1 1,2 96M
sed -i 's,^initrd = .*,initrd = /tmp/vnode.img,' "$conf/node1.conf"

tmux() {
	TERM=screen LC_ALL=C.UTF-8 /bin/tmux -L test -f /dev/null "$@"
}

# types KEY…: as tmux names them
types() {
	tmux send-keys "$@"
}

screen() {
	tmux capture-pane -p
}

screen_says() {
	screen | grep -qE -e "$1"
}

# shows REGEX NAME: a line of the screen matches in the end
shows() {
	await screen_says "$1"
	like "$(screen)" "$1" "$2"
}

# rows_are NUMBER REGEX: so many lines of the screen match
rows_are() {
	[ "$(screen | grep -cE -e "$2")" -eq "$1" ]
}

runs() {
	vnode exec 1 -- ps | grep -q 'sleep 4711$'
}

# A key may come while the shell is still passing the terminal to the program.
stop() {
	types C-z
	screen_says '(^|\^Z)\[1\]\+ +Stopped'
}

interrupt() {
	types C-c
	vnode exec 1 -- ps >/tmp/ps && ! grep -q 'sleep 4711$' /tmp/ps
}

# To vi's commands; a key that follows too soon would be part of a sequence.
commands() {
	types Escape
	await screen_says '^- /tmp/letter'
}

ok 'a vnode' vnode start --timeout 300 node1
ok 'a terminal' tmux new-session -d -x 100 -y 30 'vnode console 1; echo "status $?"; cat' || exit
await screen_says .
types Enter
shows '^vnode1 login: *$' 'a login'
types -l root
types Enter
shows '^Password: *$' 'asks for a password'
types -l wrong
types Enter
shows '^Login incorrect' 'which is not that one'
shows '^vnode1 login: *$' 'asks again'
types -l root
types Enter
await rows_are 2 '^Password: *$'
types -l secret
types Enter
shows '^vnode1:~# *$' 'lets in who knows it'
unlike "$(screen)" 'wrong|secret' 'and has shown no password'
types 'clear; tty; stty size' Enter
shows '^/dev/ttyV0$' 'it is the terminal'
shows '^30 100$' 'of that size'

# Job control
types 'clear; sleep 4711' Enter
await runs
await stop
shows '(^|\^Z)\[1\]\+ +Stopped +sleep 4711$' '^Z stops a command'
types 'bg; jobs' Enter
shows '^\[1\]\+ +Running +sleep 4711$' 'bg has it go on'
types fg Enter
shows '^sleep 4711$' 'fg has it back'
ok '^C ends it' await interrupt
# shellcheck disable=SC2016 # there
types 'status=$?; clear; echo status $status' Enter
shows '^status 130$' 'with that status'
types 'jobs; echo over' Enter
shows '^over$' 'nothing is left'
unlike "$(screen)" 'sleep' 'of it'

# An editor
types 'vi /tmp/letter' Enter
ok 'vi fills the screen' await rows_are 28 '^~$'
types i
types -l 'Dear all,'
types Enter Enter
types -l 'this is the last line.'
commands
types 1G
types O
types -l 'The first one'
commands
shows '/tmp/letter.* 1/4 25%' 'it knows where it is'
is "$(screen | sed -n 1,4p)" 'The first one
Dear all,

this is the last line.' 'the text is on the screen, line by line'
ok 'and the rest is empty' rows_are 25 '^~$'
tmux resize-window -x 90 -y 40
ok 'it fills a larger window' await rows_are 35 '^~$'
tmux resize-window -x 60 -y 12
ok 'and a smaller one' await rows_are 7 '^~$'
is "$(screen | sed -n 2p)" 'Dear all,' 'with the same text'
types -l ':wq'
types Enter
shows '^vnode1:~# *$' 'it ends'
types 'clear; stty size; cat /tmp/letter' Enter
shows '^12 60$' 'the shell knows the size, too'
shows '^this is the last line\.$' 'the file is written'
is "$(vnode exec 1 -- cat /tmp/letter)" 'The first one
Dear all,

this is the last line.' 'as it was on the screen'

types 'exit' Enter
shows '^vnode1 login: *$' 'after the end, there is a login again'
types 'C-]' .
shows '^status 0$' 'the escape leaves'
tmux kill-server
no_splat 1 'the vnode has nothing to complain about'
