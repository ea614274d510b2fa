#!/bin/sh
# Random bytes at /dev/kmb, many.

lib_path=..
calls=100000
limit=1200
# shellcheck source=tests/kmb-fuzz.t
. "$(dirname "$0")/../kmb-fuzz.t"
