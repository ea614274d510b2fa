#!/bin/sh
# /dev/bridge: memory that programs of the root and two vnodes share.

# shellcheck source=tests/bridge-device.sh
. "$(dirname "$0")/bridge-device.sh"

guest_test --cpus 4 --memory 448M --timeout 900 bridge-device.sh
done_testing
