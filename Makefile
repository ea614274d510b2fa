# SPDX-License-Identifier: GPL-2.0
#
# Everything is built and tested by tools/lab; this is for habit.

all:
	tools/lab build

run test check clean:
	tools/lab $@

.PHONY: all run test check clean
