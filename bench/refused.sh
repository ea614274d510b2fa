#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# How many requests of the recorded trace are refused although enough memory is
# free, in a pool of 1 GiB.
set -eu

bench=$(cd -- "$(dirname -- "$0")" && pwd -P)
"$bench/replay" 1024 | awk -F '\t' '{ printf "%s\t%s\trequests\n", $1, $4 }'
