# shellcheck shell=sh
# Static checks.  Each prints whether it passed, and its time; the last line sums up.
# tests/check.t turns them into TAP.

# Code for the kernel, and code that uses its interfaces
c_folders='adeos kmb vdev tools tests'

check() {
	check_name=$1
	check_start=$(date +%s)
	shift
	# Not as a condition, in which set -e would have no effect
	set +e
	(
		set -e
		step "check-$check_name" "$@"
	) 2>"$build/log/.check"
	check_result=$?
	set -e
	check_time="$(($(date +%s) - check_start)) s"
	if [ "$check_result" -eq 0 ]; then
		say "ok      $check_name ($check_time)"
	else
		cat "$build/log/.check" >&2
		say "NOT OK  $check_name ($check_time)"
		failed=1
	fi
}

list_scripts() {
	{
		find "$top/tools" "$top/tests" "$top/bench" "$top/config" "$top/.ci" -type f 2>/dev/null |
			while read -r file; do
				case $(head -n 1 "$file" | tr -d '\0') in
				'#!/bin/sh'* | '#!/bin/busybox sh'*) echo "$file" ;;
				esac
			done
	} | sort
}

check_scripts() {
	# With the files that they source; parts of tools/lab cannot be checked alone
	list_scripts | xargs shellcheck -a -x -s sh
}

check_manuals() {
	find "$top/tools" -name '*.[1-9]' -type f -exec mandoc -T lint -W warning {} +
}

# Some of checkpatch.pl's complaints are ignored: functions that are empty without
# CONFIG_ADEOS are macros, which need no types; a #define follows its function in files that
# already have such pairs; and a macro that makes functions names a field more than once.
check_style() {
	cd "$build/linux" || return
	result=0
	for patch in $(list_patches); do
		echo "== $patch"
		perl scripts/checkpatch.pl --strict --quiet --no-summary --no-signoff \
			--ignore FILE_PATH_CHANGES,CONFIG_DESCRIPTION,MACRO_ARG_UNUSED,MACRO_ARG_REUSE,LINE_SPACING \
			"$patches/$patch" || result=1
	done
	# libFuzzer defines the name of its entry point.
	for folder in $c_folders; do
		[ ! -d "$top/$folder" ] || find "$top/$folder" -name '*.[chS]'
	done | xargs perl scripts/checkpatch.pl --strict --quiet --no-summary --root=. --terse --show-types \
		--ignore CAMELCASE,MACRO_ARG_REUSE,MACRO_ARG_PRECEDENCE --file || result=1
	return "$result"
}

# The compiler's additional warnings, and sparse's, in folders of their own
check_sources() {
	compile_with_warnings >"$build/log/sources.out" 2>&1 || {
		cat "$build/log/sources.out"
		return 1
	}
	cat "$build/log/sources.out"
	# Here, and not in the log, which may not be complete yet
	! grep -qE '(adeos|modules-check)/.*(warning|error):' "$build/log/sources.out"
}

compile_with_warnings() {
	select_variant
	check_out=$tree/out-check
	# shellcheck disable=SC2046 # a list
	write_config "$tree" "$check_out" $(list_fragments) || return
	run_kbuild "$tree" "$check_out" modules_prepare || return
	find "$check_out/adeos" -name '*.o' -delete 2>/dev/null || :
	run_kbuild "$tree" "$check_out" W=1 C=2 adeos/ || return
	for folder in $module_folders; do
		has_modules "$folder" || continue
		rm -rf "$build/modules-check/$folder"
		mkdir -p "$(dirname "$build/modules-check/$folder")"
		ln -sfn "$top/adeos" "$build/modules-check/adeos"
		cp -R "$top/$folder" "$build/modules-check/$folder"
		run_kbuild "$tree" "$check_out" W=1 C=2 M="$build/modules-check/$folder" KBUILD_MODPOST_WARN=1 modules || return
	done
}

# check_series FOLDER: do the patches apply, one by one, without fuzz?
check_series() {
	cd "$1" || return
	our_quilt push -a
}

# The files that the series touches, out of the source package in the file $1
unpack_touched_files() {
	mkdir -p "$2"
	# shellcheck disable=SC2046 # a list
	list_patched_files $(list_patches) | sed "s,^,$source_package/," >"$2.files"
	dpkg-deb --fsys-tarfile "$1" | tar -xO "./usr/src/$source_package.tar.xz" |
		{ tar -xJ --strip-components=1 -C "$2" -T "$2.files" 2>&1 || :; } |
		# Without the files that the series adds
		grep -v -e 'Not found in archive' -e 'Exiting with failure' || :
}

check_series_on_package() {
	folder=$build/sources/$1
	rm -rf "$folder"
	mkdir -p "$folder"
	if ! (cd "$build/sources" && rm -f "$source_package"_*.deb && apt-get download "$source_package=$1"); then
		echo "$1 cannot be fetched; not checked"
		return
	fi
	unpack_touched_files "$build"/sources/"$source_package"_*.deb "$folder"
	rm -f "$build"/sources/"$source_package"_*.deb
	check_series "$folder"
}

check_series_on_source() {
	folder=$build/sources/installed
	rm -rf "$folder"
	mkdir -p "$folder"
	# shellcheck disable=SC2046 # a list
	(cd "$build/linux-plain" && list_patched_files $(list_patches) | while read -r file; do
		[ ! -e "$file" ] || echo "$file"
	done | cpio -pdm --quiet "$folder")
	check_series "$folder"
}

# Other versions of the source package: all of them, or the oldest and newest
list_other_versions() {
	installed=$(dpkg-query -W -f='${Version}' "$source_package")
	apt-cache madison "$source_package" | cut -d '|' -f 2 | tr -d ' ' | grep -vxF -e "$installed" | sort -uV |
		if [ -n "$all_sources" ]; then cat; else sed -n '1p; $p' | uniq; fi
}

run_checks() {
	all_sources=
	case ${1-} in
	'') ;;
	--all-sources) all_sources=1 ;;
	*) wrong_usage "check: unknown option $1" ;;
	esac
	testing=1
	plain=
	(
		lock_build
		install_packages
		mkdir -p "$build/stamps" "$build/log"
		select_variant
		prepare_tree
		failed=
		check scripts check_scripts
		check manuals check_manuals
		check style check_style
		if has_patches; then
			check sources check_sources
			check series check_series_on_source
			for version in $(list_other_versions); do
				check "series-$version" check_series_on_package "$version"
			done
		fi
		[ -z "$failed" ] || die "some checks failed; their output is in $build/log/check-*.log"
		say "all checks passed"
	)
}
