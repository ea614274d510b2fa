# shellcheck shell=sh
# Work on the patches: quilt edits build/linux, and patches/ has the result.

tree_patches() (
	discard=
	case ${1-} in
	'') ;;
	--discard) discard=1 ;;
	*) wrong_usage "tree: unknown option $1" ;;
	esac
	lock_build
	install_packages
	mkdir -p "$build/stamps"
	if [ -n "$discard" ]; then
		# As if it had never been prepared, but keep the objects
		rm -rf "$build/stamps/linux" "$build/stamps/linux.sums" "$build/linux/.pc"
	fi
	select_variant
	prepare_tree
	say "the patched kernel is in $build/linux; quilt works there, on $patches"
	say "edits are built by tools/lab build, and written to patches/ by tools/lab refresh"
)

# Files in build/linux that no patch owns, and that differ from the packaged
# source.  Size and time are compared, because the tree was copied with them.
list_strays() {
	list_owned_files >"$build/stamps/linux.owned"
	rsync -rlt --dry-run --out-format=%n --delete --exclude '/out*' --exclude /.pc --exclude /adeos \
		--exclude '*~' --exclude '*.orig' --exclude '*.rej' --exclude '.*.sw?' --exclude '.checkpatch-camelcase*' \
		--exclude __pycache__ --exclude-from "$build/stamps/linux.owned" \
		"$build/linux/" "$build/linux-plain/" | grep -v '/$' | sed 's/^deleting //'
}

# Puts a changed file that no patch owns into the topmost one.
adopt() {
	echo "$1: to the topmost patch, $(our_quilt top)"
	[ ! -e "$1" ] || mv "$1" "$build/stray"
	if [ -e "$build/linux-plain/$1" ]; then
		cp -p "$build/linux-plain/$1" "$1"
	fi
	our_quilt add "$1"
	rm -f "$1"
	[ ! -e "$build/stray" ] || mv "$build/stray" "$1"
}

refresh_series() {
	cd "$build/linux" || return
	if our_quilt unapplied; then
		echo "*** not all patches are applied: do 'quilt push -a' in $build/linux first"
		return 1
	fi
	for file in $(list_strays); do
		adopt "$file"
	done
	# Each file's edits go to the last patch that touches it.  quilt does not write
	# unchanged patches.
	for patch in $(
		{
			list_edits
			list_strays_adopted
		} | while read -r file; do
			our_quilt patches "$file" | tail -n 1
		done | sort -u
	); do
		our_quilt refresh "${patch##*/}"
	done
	sum_owned_files >"$build/stamps/linux.sums"
	mark_fresh linux "$(patches_key)"
}

# Files that adopt has just added to the topmost patch have no synced sums, so they are
# already among the edits, unless they were deleted.
list_strays_adopted() {
	list_owned_files | while read -r file; do
		[ -e "$file" ] || echo "$file"
	done
}

refresh_patches() (
	[ $# -eq 0 ] || wrong_usage "refresh takes no arguments"
	[ -d "$build/linux/.pc" ] || die "there is no build/linux yet; tools/lab tree makes it"
	has_patches || die "patches/ is empty; 'quilt new NAME.patch' in $build/linux begins one"
	lock_build
	step refresh refresh_series
	grep -E '^Refreshed|to the topmost|unchanged' "$build/log/refresh.log" >&2 || say "nothing to refresh"
)
