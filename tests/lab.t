#!/bin/sh
# The lab itself, with the patched kernel as an ordinary one.

kernel=--no-vnode
# shellcheck source=tests/lab.sh
. "$(dirname "$0")/lab.sh"
done_testing
