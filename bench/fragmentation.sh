#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# How large a region can be had, in percent of what is free, on average while a
# recorded trace of requests is replayed on a pool of 1 GiB.
set -eu

bench=$(cd -- "$(dirname -- "$0")" && pwd -P)
"$bench/replay" 1024 | awk -F '\t' '{ printf "%s\t%s\t%% of free memory\n", $1, $2 }'
