# SPDX-License-Identifier: GPL-2.0
# bash completion for vnode(8)

# IDs and names of the vnodes that the kernel knows
_vnode_known()
{
	local dir

	for dir in "${VNODE_SYSFS:-/sys/kernel/adeos}"/vnodes/*/; do
		[ -r "$dir/name" ] || continue
		basename "$dir"
		cat "$dir/name"
	done
}

# names of the configurations in /etc/vnode
_vnode_configs()
{
	local file

	for file in "${VNODE_CONF_DIR:-/etc/vnode}"/*.conf; do
		[ -e "$file" ] && basename "$file" .conf
	done
}

# Offers the words on standard input that begin with what was typed.
# compgen -W is not used because it expands what looks like shell code.
_vnode_reply()
{
	local word

	while read -r word; do
		[[ $word == "$1"* ]] && COMPREPLY+=("$word")
	done
}

_vnode_options()
{
	case $1 in
	start|restart) printf '%s\n' --timeout --verbose ;;
	list|show|memory|bridge) echo --json ;;
	wait) printf '%s\n' --state --timeout ;;
	stop) printf '%s\n' --all --timeout ;;
	log) echo --follow ;;
	exec) printf '%s\n' --timeout --tty ;;
	esac
	echo --help
}

# Was the vnode of "vnode exec" already typed?
_vnode_behind_vnode()
{
	local i

	for ((i = 2; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		--timeout) ((i++)) ;;
		-*|=) ;;
		*) [ "${COMP_WORDS[i - 1]}" = "=" ] || return 0 ;;
		esac
	done
	return 1
}

_vnode()
{
	local command=${COMP_WORDS[1]} current=${COMP_WORDS[COMP_CWORD]}
	local before=${COMP_WORDS[COMP_CWORD - 1]}

	# "--state=run" comes as three words
	if [ "$before" = "=" ] && [ "$COMP_CWORD" -gt 2 ]; then
		before=${COMP_WORDS[COMP_CWORD - 2]}
	fi
	COMPREPLY=()
	if [ "$COMP_CWORD" -eq 1 ]; then
		_vnode_reply "$current" < <(printf '%s\n' start check list show wait stop kill \
			restart log memory bridge console exec agent --help --version)
		return
	fi
	# After the vnode, there is another command
	if [ "$command" = exec ] && _vnode_behind_vnode; then
		return
	fi
	case $before in
	--state)
		[ "$current" = "=" ] && current=
		_vnode_reply "$current" < <(printf '%s\n' loading running stopping stopped \
			crashed hung)
		return ;;
	--timeout)
		return ;;
	esac
	case $command,$current in
	*,-*)
		_vnode_reply "$current" < <(_vnode_options "$command") ;;
	start,*|check,*)
		compopt -o filenames 2> /dev/null
		_vnode_reply "$current" < <(_vnode_configs
			compgen -f -X '!*.conf' -- "$current"
			compgen -d -- "$current") ;;
	show,*)
		_vnode_reply "$current" < <(_vnode_known; _vnode_configs) ;;
	bridge,*)
		_vnode_reply "$current" <<< list ;;
	wait,*|stop,*|kill,*|restart,*|log,*|console,*|exec,*)
		_vnode_reply "$current" < <(_vnode_known) ;;
	esac
}

complete -F _vnode vnode
