#!/bin/sh
# vnode exec: 64 MiB through each way.

lib_path=..
# shellcheck source=tests/exec.sh
. "$(dirname "$0")/../exec.sh"

exec_test --cpus 4 --timeout 1200 64
done_testing
