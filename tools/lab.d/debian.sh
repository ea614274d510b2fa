# shellcheck shell=sh
# The cluster's Debian for i386: a disk that mmdebstrap and mke2fs make out of
# Debian's packages.  Nothing ever writes to it.

cluster_config=$top/config/cluster
debian=$build/debian

install_cluster_packages() {
	missing=
	for package in arch-test e2fsprogs mmdebstrap openssh-client; do
		is_installed "$package" || missing="$missing $package"
	done
	[ -n "$missing" ] || return 0
	say "installing Debian packages:$missing"
	step apt-update update_package_lists
	# shellcheck disable=SC2086 # a list
	step apt-install run_as_root env DEBIAN_FRONTEND=noninteractive \
		apt-get install -y --no-install-recommends $missing
}

# The sources of this host's apt
list_debian_sources() {
	# shellcheck disable=SC2016 # apt's variables
	apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' \
		'Created-By: Packages' 'Origin: Debian' 'Architecture: i386' | sort -u
}

# Only MPICH's source package has its examples and tests.
fetch_mpich() {
	mkdir -p "$debian/source/lists/partial"
	sed 's/^deb /deb-src /' "$debian/sources.list" >"$debian/source/sources.list"
	set -- -o Dir::Etc::sourcelist="$debian/source/sources.list" -o Dir::Etc::sourceparts=- \
		-o Dir::State::lists="$debian/source/lists"
	apt-get "$@" update
	(cd "$debian/source" && apt-get "$@" source --download-only mpich)
	mv "$debian"/source/mpich_*.orig.tar.xz "$debian/mpich.tar.xz"
	rm -rf "$debian/source"
}

make_debian() {
	run_as_root rm -rf "$debian"
	mkdir -p "$debian"
	list_debian_sources >"$debian/sources.list"
	suite=$(awk '$3 !~ /-/ { print $3; exit }' "$debian/sources.list")
	[ -n "$suite" ] || {
		echo "apt has no lists of Debian for i386"
		return 1
	}
	fetch_mpich
	run_as_root mmdebstrap --architectures=i386 --variant=apt --format=directory \
		--include="$(sed 's/#.*//; /^ *$/d' "$cluster_config/packages" | tr '\n' ' ')" \
		--customize-hook="$(quote "$cluster_config/customize") \"\$1\" $(quote "$debian/mpich.tar.xz")" "$suite" "$debian/root" "$debian/sources.list"
	# Never written to, so no room and no journal
	size=$(run_as_root du -sm "$debian/root" | cut -f 1)
	rm -f "$debian/image.new"
	run_as_root mke2fs -q -t ext4 -O ^has_journal -m 0 -L debian -d "$debian/root" "$debian/image.new" "$((size + size / 4 + 32))M"
	# It contains root's key.
	run_as_root chmod 600 "$debian/image.new"
	run_as_root chown "$(id -u):$(id -g)" "$debian/image.new"
	run_as_root rm -rf "$debian/root"
	mv "$debian/image.new" "$debian/image"
}

build_debian() {
	key=$(cat "$cluster_config/packages" "$cluster_config/customize" "$lab_d/debian.sh" | hash_text)
	is_fresh debian "$key" && [ -f "$debian/image" ] && return
	rm -f "$build/stamps/debian"
	install_cluster_packages
	step debian make_debian
	mark_fresh debian "$key"
}
