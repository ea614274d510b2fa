# shellcheck shell=sh
# Kernel trees.
#
# build/linux-plain is the packaged source, build/linux the same with patches/
# applied by quilt.  Each is built in folders of its own (out, out-debug, …),
# which build/kernel, build/kernel-debug, build/kernel-plain, … point to.  Since
# these lie in the tree, kbuild names every source by the same relative path in
# all of them, and ccache compiles a file that the patches do not change once
# for both trees.

source_package='linux-source-6.12'
source_archive=/usr/src/$source_package.tar.xz

# Sets the variables for the variant that $plain and $debug select.
select_variant() {
	variant=${plain:+-plain}${debug:+-debug}
	tree=$build/linux${plain:+-plain}
	out_name=out${debug:+-debug}
	out=$tree/$out_name
	kernel=$build/kernel$variant
	# shellcheck disable=SC2034 # for programs.sh
	modules=$build/modules$variant
}

has_patches() {
	[ -s "$patches/series" ] && grep -q '^[^#[:space:]]' "$patches/series"
}

list_patches() {
	[ ! -f "$patches/series" ] || sed -n 's/[[:space:]]*#.*//; s/^\([^[:space:]]\{1,\}\).*/\1/p' "$patches/series"
}

# Names of the files that the given patches touch.
list_patched_files() {
	for patch; do
		sed -n 's,^\(---\|+++\) [^/[:space:]]*/\([^[:space:]]*\).*,\2,p' "$patches/$patch"
	done | grep -vx dev/null | LC_ALL=C sort -u
}

# Names of the files that the patches now applied in build/linux own.
list_owned_files() {
	[ ! -d "$build/linux/.pc" ] || (cd "$build/linux/.pc" &&
		find . -mindepth 2 -type f ! -name .timestamp | cut -d / -f 3- | LC_ALL=C sort -u)
}

# quilt, in the current folder, on our series, without the user's ~/.quiltrc
our_quilt() {
	QUILT_PATCHES=$patches QUILT_SERIES=series QUILT_PC=.pc \
		QUILT_NO_DIFF_INDEX=1 QUILT_NO_DIFF_TIMESTAMPS=1 \
		QUILT_REFRESH_ARGS='-p ab --no-timestamps --no-index' \
		QUILT_PATCH_OPTS=--fuzz=0 LC_ALL=C quilt --quiltrc - "$@"
}

source_key() {
	stat -c '%s %Y' "$source_archive"
}

unpack_source() {
	rm -rf "$1.new"
	mkdir -p "$1.new"
	tar -xJf "$source_archive" --strip-components=1 -C "$1.new"
	# Objects that were built before can still be used
	for old in "$1"/out*; do
		[ ! -d "$old" ] || mv "$old" "$1.new/"
	done
	rm -rf "$1"
	mv "$1.new" "$1"
}

prepare_plain_tree() {
	if ! is_fresh linux-plain "$(source_key)"; then
		step linux-plain unpack_source "$build/linux-plain"
		rm -rf "$build/linux/.pc"
		mark_fresh linux-plain "$(source_key)"
	fi
}

# The key of the patched tree according to patches/
patches_key() {
	{
		source_key
		for patch in $(list_patches); do
			echo "$patch"
			cat "$patches/$patch"
		done
	} | hash_text
}

prepare_patched_tree() {
	if ! is_fresh linux "$(patches_key)"; then
		step linux sync_patched_tree
		mark_fresh linux "$(patches_key)"
	fi
	# To this source, even if the folder was copied from elsewhere
	ln -sfn "$top/adeos" "$build/linux/adeos"
}

# Brings build/linux to the state of patches/.  Changes only files whose contents differ, so
# that make builds no more than necessary.  The patches are applied to copies of the files
# they name.
sync_patched_tree() {
	linux=$build/linux
	scratch=$build/linux.new
	[ -d "$linux/.pc" ] || copy_tree "$build/linux-plain" "$linux"
	ln -sfn "$top/adeos" "$linux/adeos"

	# shellcheck disable=SC2046 # a list
	{
		list_owned_files
		list_patched_files $(list_patches)
	} | LC_ALL=C sort -u >"$build/stamps/linux.files"
	rm -rf "$scratch"
	mkdir -p "$scratch"
	(cd "$build/linux-plain" && while read -r file; do
		[ ! -e "$file" ] || echo "$file"
	done <"$build/stamps/linux.files" | cpio -pdm --quiet "$scratch")
	if has_patches; then
		(cd "$scratch" && our_quilt push -a)
	fi

	lost=$(list_edits | while read -r file; do
		cmp -s "$scratch/$file" "$linux/$file" || echo "$file"
	done)
	if [ -n "$lost" ]; then
		echo "*** build/linux has edits that patches/ does not: $lost"
		echo "*** tools/lab refresh writes them to patches/, tools/lab tree --discard drops them"
		return 1
	fi

	while read -r file; do
		if [ ! -e "$scratch/$file" ]; then
			rm -f "$linux/$file"
		elif ! cmp -s "$scratch/$file" "$linux/$file"; then
			mkdir -p "$(dirname "$linux/$file")"
			rm -f "$linux/$file"
			cp "$scratch/$file" "$linux/$file"
			echo "changed: $file"
		fi
	done <"$build/stamps/linux.files"
	rm -rf "$linux/.pc"
	if [ -d "$scratch/.pc" ]; then
		mv "$scratch/.pc" "$linux/.pc"
	else
		# As quilt would do, so that it finds our series for the first patch
		mkdir "$linux/.pc"
		echo 2 >"$linux/.pc/.version"
		echo "$patches" >"$linux/.pc/.quilt_patches"
		echo series >"$linux/.pc/.quilt_series"
		: >"$linux/.pc/applied-patches"
	fi
	rm -rf "$scratch"
	sum_owned_files >"$build/stamps/linux.sums"
}

copy_tree() {
	mkdir -p "$2"
	rsync -a --delete --exclude '/out*' "$1/" "$2/"
}

sum_owned_files() {
	(cd "$build/linux" && list_owned_files | while read -r file; do
		[ ! -f "$file" ] || sha256sum "$file"
	done)
}

# Edits in build/linux are owned files that have changed since they were synced.
list_edits() {
	[ ! -f "$build/stamps/linux.sums" ] || sum_owned_files |
		diff "$build/stamps/linux.sums" - | sed -n 's/^[<>] [0-9a-f]*  //p' | LC_ALL=C sort -u
}

prepare_tree() {
	prepare_plain_tree
	[ -n "$plain" ] || prepare_patched_tree
}
