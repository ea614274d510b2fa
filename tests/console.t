#!/bin/sh
# vnode console: a shell with job control, an editor, window sizes, viewers, sysrq.
# tests/long/console.t runs this on the debug kernel.

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/${lib_path:-.}/lib.sh"

guest_share=$scratch/share
cp -R "$top/tests/guest" "$guest_share"
ok 'what plays a person compiles' gcc -m32 -march=i686 -static -O1 -Wall -Wextra -D_GNU_SOURCE \
	-o "$guest_share/pty" "$top/tests/unit/pty.c"
ok 'and what opens consoles' gcc -m32 -march=i686 -static -O1 -Wall -Wextra -D_GNU_SOURCE \
	-I"$top/vdev/vcon" -o "$guest_share/vcon-modes" "$top/tests/unit/vcon_modes.c"
# shellcheck disable=SC2086 # may be none
guest_test ${kernel-} --cpus 4 --timeout 600 console.sh
done_testing
