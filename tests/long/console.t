#!/bin/sh
# vnode console, on the debug kernel.
# needs: debug

lib_path=..
kernel=--debug
# shellcheck source=tests/console.t
. "$(dirname "$0")/../console.t"
